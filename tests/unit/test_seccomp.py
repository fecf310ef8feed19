"""The filter of system calls, interpreted as the kernel does (seccomp(2), BPF): for both processors."""

import errno
import struct
from collections.abc import Sequence

import pytest

from ffmill.sandbox import calls, seccomp
from ffmill.sandbox.seccomp import ALLOW, ERRNO, KILL, Kind

MACHINES = ["x86_64", "aarch64"]
EPERM, ENOSYS, ENOTTY = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS, ERRNO | errno.ENOTTY
THREAD = 0x3D0F00  # the flags of pthread_create
FORK = 0x1200011


def verdict(code: bytes, machine: str, number: int, arguments: Sequence[int] = (), *, architecture: int = 0) -> int:
    """What the program says of a call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=iIQ6Q", number, architecture or seccomp.ARCHITECTURES[machine], 0, *padded)
    at = accumulator = 0
    while True:
        operation, then, otherwise, value = struct.unpack_from("=HBBI", code, 8 * at)
        at += 1
        match operation:
            case seccomp.LOAD:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case seccomp.EQUAL:
                at += then if accumulator == value else otherwise
            case seccomp.AT_LEAST:
                at += then if accumulator >= value else otherwise
            case seccomp.AND:
                accumulator &= value
            case seccomp.RETURN:
                return value
            case _:
                raise AssertionError(operation)


def number_of(name: str, machine: str) -> int:
    tables = [calls.allowed, calls.refused, calls.of_gpu, calls.denied, calls.asked]
    return next(table(machine)[name] for table in tables if name in table(machine))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", ["allow", "deny", "nvidia"])
class TestUnderEachList:
    """What holds whatever the list."""

    @pytest.mark.parametrize("name", ["socket", "socketpair", "symlinkat", "linkat", "mknodat", "kill", "tgkill"])
    def test_sockets_links_and_signals_are_refused(self, kind: Kind, machine: str, name: str) -> None:
        assert verdict(seccomp.program(kind, machine), machine, number_of(name, machine)) == EPERM

    def test_threads_can_be_started_and_processes_cannot(self, kind: Kind, machine: str) -> None:
        code = seccomp.program(kind, machine)
        clone, clone3 = number_of("clone", machine), number_of("clone3", machine)
        assert verdict(code, machine, clone, [THREAD]) == ALLOW
        assert verdict(code, machine, clone, [FORK]) == EPERM
        assert verdict(code, machine, clone, [THREAD & ~0x400]) == EPERM  # with files of its own
        assert verdict(code, machine, clone3) == ENOSYS

    def test_another_architectures_calls_end_the_program(self, kind: Kind, machine: str) -> None:
        code = seccomp.program(kind, machine)
        i386, other = 0x40000003, seccomp.ARCHITECTURES[MACHINES[1 - MACHINES.index(machine)]]
        for architecture in (i386, other):
            assert verdict(code, machine, number_of("read", machine), architecture=architecture) == KILL

    def test_only_its_own_limits_can_be_changed(self, kind: Kind, machine: str) -> None:
        code, prlimit = seccomp.program(kind, machine), number_of("prlimit64", machine)
        assert verdict(code, machine, prlimit, [0, 7]) == ALLOW
        assert verdict(code, machine, prlimit, [1, 7]) == EPERM

    def test_a_file_sends_no_signal_and_holds_nobody_up(self, kind: Kind, machine: str) -> None:
        code, fcntl = seccomp.program(kind, machine), number_of("fcntl", machine)
        f_getfl, f_dupfd_cloexec = 3, 1030
        for command in (f_getfl, f_dupfd_cloexec):
            assert verdict(code, machine, fcntl, [0, command]) == ALLOW
        f_setown, f_setsig, f_setown_ex, f_setlease, f_notify, f_setpipe_sz = 8, 10, 15, 1024, 1026, 1031
        for command in (f_setown, f_setsig, f_setown_ex, f_setlease, f_notify, f_setpipe_sz):
            assert verdict(code, machine, fcntl, [0, command]) == EPERM

    @pytest.mark.parametrize(
        "name", ["ptrace", "mount", "bpf", "unshare", "setns", "keyctl", "io_uring_setup", "chroot"]
    )
    def test_what_changes_the_system_does_not_exist(self, kind: Kind, machine: str, name: str) -> None:
        assert verdict(seccomp.program(kind, machine), machine, number_of(name, machine)) == ENOSYS

    def test_words_cannot_be_put_into_a_terminal(self, kind: Kind, machine: str) -> None:
        tiocsti = 0x5412
        answer = verdict(seccomp.program(kind, machine), machine, number_of("ioctl", machine), [0, tiocsti])
        assert answer in (EPERM, ENOTTY)

    def test_what_ffmpeg_does_all_the_time_is_let_through(self, kind: Kind, machine: str) -> None:
        code = seccomp.program(kind, machine)
        for name in ("read", "write", "openat", "munmap", "futex", "execve", "exit_group", "renameat", "unlinkat"):
            assert verdict(code, machine, number_of(name, machine)) == ALLOW, name


@pytest.mark.parametrize("machine", MACHINES)
def test_the_hosts_name_and_load_are_for_cuda_alone(machine: str) -> None:
    for name in ("uname", "sysinfo"):
        number = number_of(name, machine)
        assert verdict(seccomp.program("allow", machine), machine, number) == ENOSYS
        assert verdict(seccomp.program("nvidia", machine), machine, number) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_devices_are_for_cuda_alone(machine: str) -> None:
    ioctl, nvidia = number_of("ioctl", machine), 0xC020462A
    assert verdict(seccomp.program("allow", machine), machine, ioctl, [3, nvidia]) == ENOTTY
    assert verdict(seccomp.program("nvidia", machine), machine, ioctl, [3, nvidia]) == ALLOW


def test_calls_for_32_bit_pointers_end_the_program() -> None:
    for kind in ("allow", "deny", "nvidia"):
        assert verdict(seccomp.program(kind, "x86_64"), "x86_64", seccomp.X32 | 0) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_is_both_allowed_and_refused(machine: str) -> None:
    allowed, refused = calls.allowed(machine), calls.refused(machine)
    named = [allowed, refused, calls.asked(machine)]
    assert len({number for table in named for number in table.values()}) == sum(map(len, named))
    assert not set(calls.of_gpu(machine)) & (set(allowed) | set(refused))
    assert not set(calls.denied(machine)) & (set(allowed) | set(refused))


def test_unknown_processors_are_no_filter_at_all() -> None:
    with pytest.raises(KeyError):
        seccomp.program("allow", "riscv64")

"""Code execution inside ffmpeg: a program that makes the calls themselves, in real cages at each level."""

import asyncio
import errno
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from ffmill.config import Settings
from ffmill.sandbox.cage import Exit
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from tests.attacks.inside.attempts import OF_DENY, Host, attempts, path
from tests.machine_code import Call, Room, program, results

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code for x86_64")

LEVELS = ("full", "landlock")
Kind = tuple[str, Literal["allow", "deny"]]
KINDS: list[Kind] = [(level, seccomp) for level in LEVELS for seccomp in ("allow", "deny")]
SECRET = "host-secret"
WRITE, EXIT, GETPID, CLOCK_GETTIME = 1, 60, 39, 228
KILLED_BY_FILTER = 128 + 31  # SIGSYS


async def run_inside(
    home: Path, level: str, code: bytes, *, seccomp: Literal["allow", "deny"] = "allow", inputs: Sequence[str] = ()
) -> tuple[Exit, bytes, Path]:
    """What the program said and how it ended, and the directory where it worked, which is gone by then."""
    evil = home / "evil"
    evil.write_bytes(code)
    evil.chmod(0o755)
    settings, said = Settings(data_dir=home / "data", sandbox=level, seccomp=seccomp, ffprobe=evil), list[bytes]()  # pyright: ignore[reportArgumentType]
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
        for name in inputs:
            workspace.write(name, "input")
        (workspace.work / "outputs").chmod(0o777)
        async with sandbox.cage(workspace) as cage:
            done = await cage.run([], Limits.of(settings), program="ffprobe", on_progress=said.append)
        left = sorted(path.name for path in workspace.work.rglob("*"))
    assert left in (["inputs", "outputs"], ["i", "inputs", "outputs"]), left
    return done, b"".join(said), workspace.root


async def answers(home: Path, level: str, seccomp: Literal["allow", "deny"]) -> dict[str, int]:
    """What each attempt returned."""
    secret, other = home / "secrets" / "secret", home / "other"
    for directory in (secret.parent, other):
        directory.mkdir(mode=0o777)
        directory.chmod(0o777)  # only the cage keeps it out
    for file in (secret, other / "video"):
        file.write_text(SECRET)
        file.chmod(0o666)
    before = secret.stat()
    host = Host(secret=secret, other=other, worker=os.getpid(), inputs=home / "data")
    tried = [attempt for attempt in attempts(host) if seccomp == "allow" or attempt.name not in OF_DENY]
    code = program([attempt.call for attempt in tried])
    done, told, _ = await run_inside(home, level, code, seccomp=seccomp, inputs=["i"])
    assert done.code == 0
    after = secret.stat()
    assert (secret.read_text(), after.st_mode, after.st_mtime_ns) == (SECRET, before.st_mode, before.st_mtime_ns)
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    return dict(zip((attempt.name for attempt in tried), results(told), strict=True))


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def answered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The answers at one level, asked once."""
    return asyncio.run(answers(tmp_path_factory.mktemp("inside"), *request.param))


def test_nothing_succeeds_that_is_tried_from_inside(answered: dict[str, int]) -> None:
    assert len(answered) >= 120
    assert {name: answer for name, answer in answered.items() if answer >= 0} == {}


def test_no_answer_is_one_of_a_call_that_was_only_made_wrongly(answered: dict[str, int]) -> None:
    """A bad address or argument would mean that the call exists, and that another one might succeed."""
    made = (-errno.EFAULT, -errno.EINVAL, -errno.EBADF, -errno.ENOTSOCK)
    assert {name: errno.errorcode[-answer] for name, answer in answered.items() if answer in made} == {}


def test_the_program_can_do_all_of_it_without_a_cage(tmp_path: Path) -> None:
    """The attempts have teeth: some succeed where nothing confines them."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    host = Host(secret=secret, other=Path(__file__).parent, worker=os.getpid(), inputs=tmp_path)
    by_name = {attempt.name: attempt.call for attempt in attempts(host)}
    names = [f"read {secret}", "signal the worker", "open a socket: IPv4, stream", "know the host's name"]
    done, told, _ = asyncio.run(run_inside(tmp_path, "off", program([by_name[name] for name in names])))
    assert done.code == 0
    assert [answer >= 0 for answer in results(told)] == [True, True, True, True]


@pytest.mark.parametrize("level", LEVELS)
async def test_calls_for_32_bit_pointers_end_the_program(tmp_path: Path, level: str) -> None:
    done, told, _ = await run_inside(tmp_path, level, program([Call(0x40000000 | GETPID)]))
    assert (done.code, told) == (KILLED_BY_FILTER, b"")


@pytest.mark.parametrize("level", LEVELS)
async def test_its_own_files_and_clock_work(tmp_path: Path, level: str) -> None:
    calls = [
        Call(2, (b"outputs/../inputs/i\0", 0)),
        Call(CLOCK_GETTIME, (1, Room(4096))),
        Call(2, (path("/dev/null"), 2)),
    ]
    _, told, _ = await run_inside(tmp_path, level, program(calls), inputs=["i"])
    assert [answer >= 0 for answer in results(told)] == [True, True, True]

"""One supervised child: its lives, its ends, and nothing left behind."""

import asyncio
import os
import select
import signal
import sys
import textwrap
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ffmill import tether
from ffmill.cli import serve, supervisor
from ffmill.cli.gate import VARIABLE, Gate, pass_through
from ffmill.cli.supervisor import Program, Supervised
from ffmill.errors import CannotStart

READY = "print('ready', flush=True)"
WAIT = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", (0.0, 0.01))


def python(*lines: str, output: Path | None = None) -> Program:
    """A child that runs these lines."""
    script = "\n".join(lines)
    return Program(
        name="child",
        command=lambda: tether.command([sys.executable, "-I", "-S", "-c", script]),
        environment={},
        output=(lambda: output.open("ab")) if output else None,
    )


@asynccontextmanager
async def running(child: Supervised) -> AsyncGenerator[asyncio.Task[None]]:
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        task = group.create_task(child.run())
        await child.started.wait()
        yield task
        await child.stop(5)


async def said(output: Path, words: str) -> None:
    """Returns when the child has written these words; the caller bounds the time."""
    while not output.exists() or words not in output.read_text():  # noqa: ASYNC110  # another process writes it
        await asyncio.sleep(0)


async def next_life(child: Supervised, before: int | None) -> int:
    while child.pid is None or child.pid == before:  # noqa: ASYNC110  # no event tells this from the life before
        await asyncio.sleep(0)
    return child.pid


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_child_that_dies_is_started_again() -> None:
    deaths: list[int] = []
    child = Supervised(program=python(WAIT), on_death=deaths.append)
    async with running(child):
        first = child.pid
        assert first
        os.kill(first, signal.SIGKILL)
        assert await next_life(child, first) != first
    assert deaths == [-signal.SIGKILL]


async def test_a_child_that_keeps_dying_is_started_again_and_again(tmp_path: Path) -> None:
    output = tmp_path / "out"
    child = Supervised(program=python(READY, "raise SystemExit(3)", output=output))
    async with running(child):
        await said(output, "ready\n" * 4)


async def test_a_stopped_child_is_gone_and_stays_so() -> None:
    deaths: list[int] = []
    child = Supervised(program=python(WAIT), on_death=deaths.append)
    async with running(child) as life:
        pid = child.pid
        assert pid
        await child.stop(5)
        assert gone(pid)
        await life
    assert deaths == []


async def test_a_child_that_ignores_the_kind_signal_is_killed(tmp_path: Path) -> None:
    output = tmp_path / "out"
    child = Supervised(program=python(STUBBORN, READY, "while True: signal.pause()", output=output))
    async with running(child):
        await said(output, "ready")
        pid = child.pid
        assert pid
        await child.stop(0.05)
        assert gone(pid)


async def test_a_child_at_once_killed_is_not_started_again() -> None:
    child = Supervised(program=python(WAIT))
    async with running(child) as life:
        child.kill()
        await life
        assert child.pid is None


async def test_a_stop_ends_the_pause_of_a_crash_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", (3600.0,))
    died = asyncio.Event()
    child = Supervised(program=python("raise SystemExit(1)"), on_death=lambda _: died.set())
    async with running(child) as life:
        await died.wait()
        await child.stop(5)
        await life


async def test_a_cancelled_supervisor_leaves_no_child() -> None:
    child = Supervised(program=python(WAIT))
    life = asyncio.create_task(child.run())
    await child.started.wait()
    pid = child.pid
    assert pid
    life.cancel()
    with pytest.raises(asyncio.CancelledError):
        await life
    assert gone(pid)


async def test_a_child_told_to_stop_while_it_is_born_does_not_live() -> None:
    child = Supervised(program=python(WAIT))
    life = asyncio.create_task(child.run())
    await asyncio.sleep(0)
    await child.stop(5)
    async with asyncio.timeout(30):
        await life
    assert child.pid is None


async def test_a_program_that_cannot_be_started_counts_as_a_death() -> None:
    def refuse() -> list[str]:
        raise CannotStart("no")

    statuses: list[int] = []
    child = Supervised(program=Program(name="none", command=refuse, environment={}), on_death=statuses.append)
    await child.step()
    assert statuses == [1]


async def test_pauses_grow_in_a_crash_loop_and_begin_anew_after_a_long_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_SECONDS", (0.0, 0.5, 1.0))
    child = Supervised(program=python(WAIT))
    short, long = 1.0, supervisor.HEALTHY_SECONDS + 1
    assert [child.pause_after(lived) for lived in (short, short, short, short, long, short)] == [0, 0.5, 1, 1, 0, 0]


async def test_a_child_hears_no_ctrl_c_of_the_terminal() -> None:
    child = Supervised(program=python(WAIT))
    async with running(child):
        assert child.pid
        assert os.getsid(child.pid) != os.getsid(0)


async def test_a_child_dies_with_its_supervisor(tmp_path: Path) -> None:
    script = """
        import asyncio, sys
        from ffmill import tether
        from ffmill.cli.supervisor import Program, Supervised

        async def main():
            argv = [sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]
            child = Supervised(program=Program(name="c", command=lambda: tether.command(argv), environment={}))
            life = asyncio.create_task(child.run())
            await child.started.wait()
            while open(f"/proc/{child.pid}/cmdline").read().count("tether"): pass
            print(child.pid, flush=True)
            await life

        asyncio.run(main())
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(script), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    child = os.pidfd_open(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    died = asyncio.Event()
    asyncio.get_running_loop().add_reader(child, died.set)
    async with asyncio.timeout(10):
        await died.wait()
    asyncio.get_running_loop().remove_reader(child)
    os.close(child)


async def test_a_child_whose_parent_died_before_the_tie_does_not_start() -> None:
    command = tether.command([sys.executable, "-c", "print('started')"])
    command[5] = "1"  # as if another process had started it
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    assert out == b""
    assert b"has ended" in err


async def test_children_wait_at_the_gate_until_it_is_opened_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setenv(VARIABLE, str(gate.entrance))
    waiting = asyncio.create_task(asyncio.to_thread(pass_through))
    assert select.select([gate.entrance], [], [], 0)[0] == []
    gate.open()
    await waiting
    gate.open()
    pass_through()
    os.close(gate.entrance)


async def test_a_set_up_that_is_killed_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SETUP_PAUSE_SECONDS", 0.0)
    script = f"[ -e {tmp_path}/ran ] && exit 0; touch {tmp_path}/ran; kill -9 $$"
    program = Program(name="setup", command=lambda: ("/bin/sh", "-c", script), environment={})
    service = object.__new__(serve.Service)
    service._setup = Supervised(program=program)  # pyright: ignore[reportPrivateUsage]
    assert await service._set_up() == 0  # pyright: ignore[reportPrivateUsage]

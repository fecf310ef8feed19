"""Which level of confinement is in force, and what each leaves a command."""

import asyncio
import json
import os
import resource
import struct
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from ffmill import programs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import landlock, landlocked, seccomp
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.workspace import Workspace
from tests.integration.sandbox.conftest import Bench, comm, until
from tests.processes import has_ended, parent

ENDLESS = "-nostdin -v error -f lavfi -i testsrc2=s=1280x720 -c:v libx264 -f null -"
# Runs under a filter that forbids user namespaces, as Ubuntu 24.04 does by AppArmor; says which level is in force then.
FORBIDDEN = """
import asyncio, ctypes, json, sys
from pathlib import Path
from ffmill import logs
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import seccomp
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

async def main(level, home):
    settings = Settings(data_dir=Path(home), sandbox=level)
    logs.configure(settings)  # to standard error: the sweep may still have something to say after the answer
    words = "-hide_banner -f lavfi -i testsrc2=s=64x64:d=0.1 outputs/x.mp4".split()
    try:
        async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
            async with sandbox.cage(workspace) as cage:
                done = await cage.run(words, Limits.of(settings))
                written = (workspace.work / "outputs/x.mp4").stat().st_size
                print(json.dumps([sandbox.level, done.code, written > 0, sandbox.refusals]))
    except CannotStart as error:
        print(json.dumps(["refused", error.message]))

ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
seccomp.install(bytes.fromhex(sys.argv[1]))
asyncio.run(main(*sys.argv[2:]))
"""


def without_namespaces() -> str:
    """A filter that answers EPERM to unshare and clone of a user namespace; as hexadecimal digits."""
    clone, unshare = 56, 272  # on x86_64
    of_users, eperm = 0x10000000, seccomp.ERRNO | seccomp.EPERM
    rows = [
        (seccomp.LOAD, 0, 0, 0),
        (seccomp.EQUAL, 1, 0, unshare),
        (seccomp.EQUAL, 0, 4, clone),
        (seccomp.LOAD, 0, 0, seccomp.ARGUMENTS),
        (seccomp.AND, 0, 0, of_users),
        (seccomp.EQUAL, 0, 1, of_users),
        (seccomp.RETURN, 0, 0, eperm),
        (seccomp.RETURN, 0, 0, seccomp.ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *row) for row in rows).hex()


def forbidden(level: str, home: Path) -> list[object]:
    """What a worker says of itself where namespaces are forbidden."""
    ran = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, without_namespaces(), level, str(home)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter is one for x86_64")
def test_without_namespaces_commands_run_by_landlock(tmp_path: Path) -> None:
    level, code, written, refusals = forbidden("auto", tmp_path / "data")
    assert (level, code, written) == ("landlock", 0, True)
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in str(refusals)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter is one for x86_64")
def test_full_refuses_to_start_below(tmp_path: Path) -> None:
    refused, message = forbidden("full", tmp_path / "data")
    assert refused == "refused"
    assert "user namespaces are forbidden here" in str(message)


async def test_without_landlock_only_namespaces_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(CannotStart, match=r"Linux 5\.13 and newer"):
        landlocked.check(None)
    async with Sandbox.open(Settings(data_dir=tmp_path / "data"), 1) as sandbox:
        assert sandbox.level == "full"


@pytest.mark.parametrize(
    ("program", "refusal"),
    [
        ("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n", "AppArmor forbids"),
        ("no program", "Exec format error"),
    ],
)
async def test_a_level_that_fails_gives_way_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, refusal: str
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text(program)
    bwrap.chmod(0o755)
    monkeypatch.setattr(programs, "bwrap", lambda: bwrap)
    async with Sandbox.open(Settings(data_dir=tmp_path / "data"), 1) as sandbox:
        assert sandbox.level == "landlock"
        assert refusal in sandbox.refusals[0]


async def test_a_confined_program_has_no_privilege_and_no_descriptor_but_its_own(confined: Bench) -> None:
    async with confined.sandbox.workspace(0) as workspace, confined.sandbox.cage(workspace) as cage:
        await until(lambda: comm(cage.pid).strip() == "sh")
        status = Path(f"/proc/{cage.pid}/status").read_text()
        held = sorted(int(path.name) for path in Path(f"/proc/{cage.pid}/fd").iterdir())
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert held == [0, 1, 2]


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncGenerator[tuple[Sandbox, Workspace, Limits]]:
    """A sandbox with a keeper, a workspace in it, and its limits."""
    settings = Settings(data_dir=tmp_path / "data", sandbox="landlock")
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
        yield sandbox, workspace, Limits.of(settings)


async def test_a_keeper_that_is_killed_leaves_no_command_behind(kept: tuple[Sandbox, Workspace, Limits]) -> None:
    """Its files are closed before the kernel kills what it made: the end is told when that is gone."""
    sandbox, workspace, limits = kept
    async with sandbox.cage(workspace) as cage:
        running = asyncio.create_task(cage.run(ENDLESS.split(), limits))
        await until(lambda: comm(cage.pid).startswith("ffmpeg"))
        os.kill(parent(cage.pid), 9)
        assert (await running).code == 137
        assert has_ended(cage.pid)


async def test_a_request_that_comes_without_its_descriptors_harms_no_other(
    kept: tuple[Sandbox, Workspace, Limits],
) -> None:
    sandbox, workspace, limits = kept
    async with sandbox.cage(workspace) as cage:
        keeper = parent(await cage.known() or 0)
        held = len(list(Path(f"/proc/{keeper}/fd").iterdir()))
        resource.prlimit(keeper, resource.RLIMIT_NOFILE, (held, 4096))
        async with sandbox.cage(workspace) as other:
            assert (await other.run(["-version"], limits)).code == 137
        resource.prlimit(keeper, resource.RLIMIT_NOFILE, (4096, 4096))
        assert (await cage.run(["-version"], limits)).code == 0


async def test_a_keeper_that_was_killed_is_made_again(kept: tuple[Sandbox, Workspace, Limits]) -> None:
    sandbox, workspace, limits = kept
    async with sandbox.cage(workspace) as cage:
        await until(lambda: comm(cage.pid).strip() == "sh")
        os.kill(parent(cage.pid), 9)
        await until(lambda: cage.has_ended)
    async with sandbox.cage(workspace) as cage:
        assert (await cage.run(["-version"], limits)).code == 0

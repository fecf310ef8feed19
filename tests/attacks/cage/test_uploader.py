"""What code inside ffmpeg may leave in the job's directory for the worker, which trusts nothing, to pick up."""

import os
import shutil
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from ffmill.config import Settings
from ffmill.errors import BadRequest, OutputMissing, Unavailable
from ffmill.sandbox.workspace import Workspace
from ffmill.store.disk import DiskStore
from ffmill.store.objects import Stored, nobody
from ffmill.store.store import Source, Store, open_store
from ffmill.worker.outputs import keep
from tests.attacks.cage.arena import Arena
from tests.attacks.cage.case import Places
from tests.running import job

pytestmark = pytest.mark.asyncio(loop_scope="module")
LISTED = ("secret.txt", "*", "*.txt", "secret.%03d.txt", "sec[r]et.txt")
LARGE = 4 << 30
ODD = [
    "a\nb",
    "a\\..\\..\\b",
    "%2e%2e%2fb",
    "..%00",
    "a;b|c",
    "$(id)",
    "\x1b[2J",
    "x" * 255,
    "\udcff\udcfe",
    "é",
    "#1",
    "..a",
]

Leave = Callable[[Workspace, Places], None]


@pytest_asyncio.fixture(loop_scope="module")
async def workspace(arena: Arena) -> AsyncGenerator[Workspace]:
    """Of a job whose commands have ended."""
    async with arena.sandbox.workspace(0) as made:
        arena.reseal()
        yield made


@pytest.fixture
def store(arena: Arena) -> Store:
    """On the disk where workspaces are: there, files are moved."""
    return open_store(Settings(store_url=(arena.host.top.parent / "store").as_uri()))


def symbolic(target: str, name: str = "outputs/secret.txt") -> Leave:
    """A link to there."""

    def leave(workspace: Workspace, places: Places) -> None:
        (workspace.work / name).symlink_to(target.format(**places))

    return leave


def in_place_of_outputs(target: str) -> Leave:
    """A link to there instead of outputs/."""

    def leave(workspace: Workspace, places: Places) -> None:
        shutil.rmtree(workspace.work / "outputs")
        (workspace.work / "outputs").symlink_to(target.format(**places))

    return leave


def hard(target: str) -> Leave:
    """A second name of that file."""

    def leave(workspace: Workspace, places: Places) -> None:
        (workspace.work / "outputs/secret.txt").hardlink_to(target.format(**places))

    return leave


def pipe(workspace: Workspace, _: Places) -> None:
    os.mkfifo(workspace.work / "outputs/secret.txt")


def unix_socket(workspace: Workspace, _: Places) -> None:
    """By a short path: longer ones have no place in an address."""
    descriptor = os.open(workspace.work / "outputs", os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{descriptor}/secret.txt")
    os.close(descriptor)


def directory(workspace: Workspace, _: Places) -> None:
    (workspace.work / "outputs/secret.txt").mkdir()


def device(workspace: Workspace, _: Places) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    os.mknod(workspace.work / "outputs/secret.txt", 0o20666, os.makedev(1, 5))


def of_root(workspace: Workspace, _: Places) -> None:
    if workspace.uid is None:
        pytest.skip("without users of slots, all files are ours")
    (workspace.work / "outputs/secret.txt").write_text("planted by another user")


LEFT: Mapping[str, Leave] = {
    "a link": symbolic("{secret}"),
    "a link up": symbolic("../../../../../../../../../../..{secret}"),
    "a link to another job": symbolic("{other}"),
    "a link to another job beside": symbolic("../{beside}"),
    "a link to an input": symbolic("../inputs/secret.txt"),
    "a link to itself": symbolic("secret.txt"),
    "a link to a process": symbolic("/proc/self/environ"),
    "a link to an open file": symbolic("/proc/self/fd/{descriptor}"),
    "a link to zeros": symbolic("/dev/zero"),
    "a link beside outputs/": symbolic("{secret}", "secret.txt"),
    "outputs/ that is the host's": in_place_of_outputs("{dir}"),
    "outputs/ that is another job's": in_place_of_outputs("../../{job}/work/outputs"),
    "outputs/ that is the root": in_place_of_outputs("/"),
    "outputs/ that is itself": in_place_of_outputs("outputs"),
    "outputs/ that is a process": in_place_of_outputs("/proc/self/cwd"),
    "a second name of the host's file": hard("{secret}"),
    "a second name of another job's file": hard("{other}"),
    "a pipe": pipe,
    "a socket": unix_socket,
    "a directory": directory,
    "a device": device,
    "another user's file": of_root,
}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("listed", LISTED)
async def test_nothing_but_the_jobs_own_files_is_kept(
    arena: Arena, workspace: Workspace, store: Store, left: str, listed: str
) -> None:
    LEFT[left](workspace, arena.places)
    arena.reseal()
    with pytest.raises(OutputMissing) as missing:
        await keep(job(output_files=[listed]), workspace, store)
    assert arena.look() == []
    assert all(secret not in missing.value.message for secret in arena.secrets.named().values())


async def test_what_becomes_a_link_after_it_was_found_is_not_followed(arena: Arena, workspace: Workspace) -> None:
    class Swapping(DiskStore):
        async def put_files(self, files: Mapping[str, Source], stored: Stored = nobody) -> dict[str, int]:
            (workspace.work / "outputs/secret.txt").unlink()
            (workspace.work / "outputs/secret.txt").symlink_to(arena.places["secret"])
            return await super().put_files(files, stored)

    written(workspace, "outputs/secret.txt")
    arena.reseal()
    with pytest.raises((OSError, Unavailable)):
        await keep(job(output_files=["secret.txt"]), workspace, Swapping(arena.host.top.parent / "store"))
    assert arena.look() == []


async def test_outputs_that_become_a_link_after_they_were_found_are_not_followed(
    arena: Arena, workspace: Workspace
) -> None:
    class Swapping(DiskStore):
        async def put_files(self, files: Mapping[str, Source], stored: Stored = nobody) -> dict[str, int]:
            (workspace.work / "outputs").rename(workspace.work / "moved")
            (workspace.work / "outputs").symlink_to(arena.places["dir"])
            return await super().put_files(files, stored)

    written(workspace, "outputs/secret.txt")
    arena.reseal()
    store = Swapping(arena.host.top.parent / "store")
    (kept,) = await keep(job(output_files=["secret.txt"]), workspace, store)
    async with store.open(kept.key) as chunks:
        assert [chunk async for chunk in chunks] == [b"mine"]
    assert arena.look() == []


@pytest.mark.parametrize("name", ODD)
async def test_odd_names_stay_below_their_job(arena: Arena, workspace: Workspace, store: Store, name: str) -> None:
    """Where it matches a pattern, or is listed; whatever becomes of it, it lies nowhere else."""
    written(workspace, f"outputs/{name}")
    running = job(output_files=["*"])
    try:
        kept = await keep(running, workspace, store)
    except (OutputMissing, BadRequest):  # the store takes no such name
        kept = ()
    assert all(output.key.startswith(f"outputs/{running.id}/1/") for output in kept)
    top = arena.host.top.parent / "store"
    assert {path.parts[len(top.parts)] for path in top.rglob("*")} <= {"outputs", ".staging"}
    assert arena.look() == []


async def test_a_file_of_holes_is_kept_without_filling_the_disk(workspace: Workspace, store: Store) -> None:
    path = written(workspace, "outputs/a")
    os.truncate(path, LARGE)
    (kept,) = await keep(job(output_files=["a"]), workspace, store)
    assert kept.bytes == LARGE
    await store.delete(kept.key)


def written(workspace: Workspace, name: str) -> Path:
    """A file of the slot's user."""
    path = workspace.work / name
    path.write_text("mine")
    if workspace.uid is not None:
        os.chown(path, workspace.uid, workspace.uid)
    return path

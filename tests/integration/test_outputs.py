"""What of that which commands wrote becomes an output, whatever strangers have made of the job's directory."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.errors import LimitExceeded, OutputMissing
from ffmill.jobs import names
from ffmill.jobs.model import Output
from ffmill.sandbox.workspace import Workspace, make
from ffmill.store.store import Source, Store, open_store
from ffmill.worker import outputs
from ffmill.worker.outputs import keep
from tests.running import job

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to give away")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "0-0", slot=0, uid=None, bound=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(Settings(store_url=(tmp_path / "store").as_uri()))


async def kept(workspace: Workspace, store: Store, *listed: str) -> dict[str, bytes]:
    """The outputs of a job that lists these, as they are in the store."""
    found = dict[str, bytes]()
    for output in await keep(job(output_files=listed), workspace, store):
        async with store.open(output.key) as chunks:
            found[output.name] = b"".join([chunk async for chunk in chunks])
        assert len(found[output.name]) == output.bytes
    return found


async def test_what_lies_in_outputs_goes_before_what_lies_beside_it(workspace: Workspace, store: Store) -> None:
    for path, text in {"a": "beside", "b": "beside", "outputs/a": "inside", "outputs/c.ts": "inside"}.items():
        (workspace.work / path).write_text(text)
    assert await kept(workspace, store, "a", "*.ts", "b") == {"a": b"inside", "b": b"beside", "c.ts": b"inside"}


async def test_outputs_are_told_of_in_their_order_whichever_is_stored_first(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_files = type(store).put_files

    async def backwards(self: Store, files: Mapping[str, Source], stored: Callable[[str, int], None]) -> dict[str, int]:
        sizes = await put_files(self, files)
        for key in reversed(list(files)):
            stored(key, sizes[key])
        return sizes

    monkeypatch.setattr(type(store), "put_files", backwards)
    for name in "cab":
        (workspace.work / name).write_text(name)
    told: list[Output] = []
    outputs = await keep(job(output_files=list("bca")), workspace, store, told.append)
    assert [output.name for output in outputs] == ["b", "c", "a"]
    assert tuple(told) == outputs


def link_outputs(workspace: Workspace, host: Path) -> None:
    shutil.rmtree(workspace.work / "outputs")
    (workspace.work / "outputs").symlink_to(host)


def link_to_a_link(workspace: Workspace, host: Path) -> None:
    (workspace.work / "inner").symlink_to(host)
    shutil.rmtree(workspace.work / "outputs")
    (workspace.work / "outputs").symlink_to("inner")


def link_the_file(workspace: Workspace, host: Path) -> None:
    (workspace.work / "outputs/secret.txt").symlink_to(host / "secret.txt")


def link_the_file_hard(workspace: Workspace, host: Path) -> None:
    (workspace.work / "outputs/secret.txt").hardlink_to(host / "secret.txt")


def make_a_pipe(workspace: Workspace, _: Path) -> None:
    os.mkfifo(workspace.work / "outputs/secret.txt")


def make_a_file(workspace: Workspace, _: Path) -> None:
    shutil.rmtree(workspace.work / "outputs")
    (workspace.work / "outputs").touch()


def make_a_directory(workspace: Workspace, _: Path) -> None:
    (workspace.work / "outputs/secret.txt").mkdir()


def make_nothing(workspace: Workspace, _: Path) -> None:
    shutil.rmtree(workspace.work / "outputs")


@pytest.mark.parametrize(
    "attack",
    [
        link_outputs,
        link_to_a_link,
        link_the_file,
        link_the_file_hard,
        make_a_pipe,
        make_a_file,
        make_a_directory,
        make_nothing,
    ],
)
@pytest.mark.parametrize("listed", ["secret.txt", "*.txt"])
async def test_nothing_of_the_host_becomes_an_output(
    workspace: Workspace, store: Store, tmp_path: Path, attack: Callable[[Workspace, Path], None], listed: str
) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "secret.txt").write_text("secret")
    attack(workspace, host)
    with pytest.raises(OutputMissing):
        await kept(workspace, store, listed)
    assert (host / "secret.txt").read_text() == "secret"


async def test_an_attempt_whose_outputs_became_a_file_keeps_what_lies_beside(
    workspace: Workspace, store: Store, tmp_path: Path
) -> None:
    make_a_file(workspace, tmp_path)
    (workspace.work / "a").write_text("beside")
    assert await kept(workspace, store, "a") == {"a": b"beside"}


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were held against a pattern, as they are."""
    names_tried, matches = list[str](), names.matches

    def noting(pattern: str, name: str) -> bool:
        names_tried.append(name)
        return matches(pattern, name)

    monkeypatch.setattr(names, "matches", noting)
    return names_tried


async def test_too_many_files_for_the_patterns_end_the_search_at_once(
    workspace: Workspace, store: Store, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "MOST", 3)
    for number in range(20):
        (workspace.work / f"{number:02}.ts").touch()
    with pytest.raises(LimitExceeded, match="the most, 3"):
        await kept(workspace, store, "*.ts", "*s")
    assert tried == ["00.ts", "01.ts", "02.ts", "03.ts"]


async def test_only_names_with_the_ends_of_a_pattern_are_tried(
    workspace: Workspace, store: Store, tried: list[str]
) -> None:
    for name in ("aa", "pa.ts", "part.ts", "part1.ts", "part1.mp4", "partx.ts", "pz", "z"):
        (workspace.work / name).touch()
    assert (await kept(workspace, store, "part%d.ts")).keys() == {"part1.ts"}
    assert tried == ["part.ts", "part1.ts", "partx.ts"]


async def test_a_search_that_takes_too_long_fails_the_job(workspace: Workspace) -> None:
    times = iter(range(0, 1000, 15))
    for name in "abc":
        (workspace.work / name).touch()
    with outputs.opened(workspace) as directories, pytest.raises(LimitExceeded, match="fewer or simpler patterns"):
        outputs.find(["*"], directories, owner=None, search=outputs.Search(lambda: next(times)))


async def test_the_loop_runs_while_outputs_are_looked_for(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_runs, matches = threading.Event(), names.matches

    def waiting(pattern: str, name: str) -> bool:
        assert loop_runs.wait(30)
        return matches(pattern, name)

    monkeypatch.setattr(names, "matches", waiting)
    (workspace.work / "a").touch()
    keeping = asyncio.create_task(kept(workspace, store, "*"))
    asyncio.get_running_loop().call_soon(loop_runs.set)
    assert await keeping == {"a": b""}


@root_only
async def test_only_what_the_slots_user_wrote_becomes_an_output(tmp_path: Path, store: Store) -> None:
    workspace = make(tmp_path / "0-0", slot=0, uid=234_567, bound=True)
    for name, owner in {"mine": 234_567, "roots": 0, "anothers": 234_568}.items():
        (workspace.work / "outputs" / name).touch()
        os.chown(workspace.work / "outputs" / name, owner, owner)
    assert await kept(workspace, store, "*") == {"mine": b""}


async def test_no_descriptor_is_left(workspace: Workspace, store: Store) -> None:
    for warm in ("a", "outputs/b"):  # what the store opens for good
        (workspace.work / warm).touch()
        await kept(workspace, store, warm.removeprefix("outputs/"))
    before = open_descriptors()
    for number in range(3):
        (workspace.work / f"outputs/{number}").touch()
        await kept(workspace, store, f"{number}")
        with pytest.raises(OutputMissing):
            await kept(workspace, store, "none")
    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))

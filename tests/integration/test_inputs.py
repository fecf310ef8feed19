"""The inputs of an attempt, from a real store and real servers, within what a job may use."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.errors import InputFailed, Unavailable
from ffmill.jobs.model import Job
from ffmill.net.session import open_session
from ffmill.sandbox.usage import measure
from ffmill.sandbox.workspace import Workspace, make
from ffmill.store.disk import DiskStore
from ffmill.worker import patience
from ffmill.worker.budget import Budget
from ffmill.worker.inputs import Sources
from tests.integration.origin import origin, reply
from tests.running import job

LIMIT = 1 << 20


class CountingStore(DiskStore):
    """A store on disk that writes down what is read, and may fail first."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read = list[str]()
        self.failures = 0

    async def get_file(self, key: str, path: Path) -> int:
        self.read.append(key)
        size = await super().get_file(key, path)
        if len(self.read) <= self.failures:
            raise Unavailable("gone for a while")
        return size


@dataclass
class Fetching:
    """What opens inputs, and where they end up."""

    sources: Sources
    store: CountingStore
    workspace: Workspace
    totals: list[int] = field(default_factory=list[int])
    budget: Budget = field(default_factory=lambda: Budget(LIMIT))

    async def open(self, asked: Job) -> dict[str, bytes]:
        aliases = {name: name for name in asked.input_files}
        async with self.sources.open(asked, aliases, self.workspace, self.budget) as inputs:
            self.totals.append(inputs.total_bytes)
            return {name: (self.workspace.work / name).read_bytes() for name in self.files()}

    def files(self) -> list[str]:
        return sorted(path.name for path in self.workspace.inputs.iterdir() if path.is_file())

    async def keep(self, key: str, body: bytes) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield body

        await self.store.put_stream(key, chunks(), 1 << 30)


@pytest.fixture
async def fetching(tmp_path: Path) -> AsyncGenerator[Fetching]:
    store, workspace = CountingStore(tmp_path / "store"), make(tmp_path / "0-0", slot=0, uid=None, bound=False)
    async with open_session(Settings(allow_nets=(ip_network("127.0.0.1/32"),))) as session:
        yield Fetching(Sources(session, store, limit_bytes=1 << 30), store, workspace)


def stored(**keys: str) -> Job:
    """A job with these inputs of our own store."""
    return job(input_files={name: f"http://ours/{name}" for name in keys}, input_keys=keys)


async def test_an_upload_under_many_names_is_brought_once(fetching: Fetching) -> None:
    body, names = bytes(700 << 10), [f"i{number}" for number in range(60)]
    await fetching.keep("tmp/a/1", body)
    assert await fetching.open(stored(**dict.fromkeys(names, "tmp/a/1"))) == dict.fromkeys(names, body)
    assert fetching.store.read == ["tmp/a/1"]
    assert fetching.totals == [60 * len(body)]
    assert (await measure(fetching.workspace.inputs, most_files=1000)).bytes < LIMIT


async def test_a_url_under_many_names_is_fetched_once(fetching: Fetching) -> None:
    async with origin(reply(bytes(700 << 10))) as served:
        urls = {f"i{number}": served.url() for number in range(60)}
        assert (await fetching.open(job(input_files=urls))).keys() == urls.keys()
    assert len(served.requests) == 1


async def test_what_is_ours_and_a_url_of_the_same_text_are_two_files(fetching: Fetching) -> None:
    async with origin(reply(b"theirs")) as served:
        await fetching.keep("tmp/a/1", b"ours")
        asked = job(input_files={"a": served.url(), "b": served.url()}, input_keys={"a": "tmp/a/1"})
        assert await fetching.open(asked) == {"a": b"ours", "b": b"theirs"}


async def test_no_number_of_uploads_brings_more_than_a_job_may_use(fetching: Fetching) -> None:
    keys = {f"i{number}": f"tmp/{number}/1" for number in range(20)}
    for key in keys.values():
        await fetching.keep(key, bytes(300 << 10))
    with pytest.raises(InputFailed, match=r"""input "i\d+" brings the job's inputs beyond 1 MiB"""):
        await fetching.open(stored(**keys))
    assert len(fetching.store.read) <= 3


async def test_a_try_that_failed_is_not_charged(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0)
    fetching.store.failures = 3
    await fetching.keep("tmp/a/1", bytes(700 << 10))
    assert (await fetching.open(stored(a="tmp/a/1")))["a"] == bytes(700 << 10)
    assert len(fetching.store.read) == 4


async def test_inputs_of_just_the_limit_are_taken(fetching: Fetching) -> None:
    for key in ("tmp/a/1", "tmp/b/1"):
        await fetching.keep(key, bytes(LIMIT // 2))
    assert (await fetching.open(stored(a="tmp/a/1", b="tmp/b/1"))).keys() == {"a", "b"}


async def test_what_came_out_of_the_store_before_it_broke_off_was_received(fetching: Fetching) -> None:
    await fetching.keep("o/x", bytes(1000))
    fetching.store.failures = 1
    await fetching.open(stored(a="o/x"))
    assert fetching.budget.received == 2000


async def test_what_came_out_of_the_store_before_a_cancellation_was_received(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = asyncio.Event()

    async def half(_: object, path: Path) -> int:
        path.write_bytes(bytes(300))
        copied.set()
        await asyncio.Event().wait()
        return 0

    await fetching.keep("o/x", bytes(1000))
    monkeypatch.setattr(fetching.store, "get_file", half)
    opening = asyncio.create_task(fetching.open(stored(a="o/x")))
    await copied.wait()
    opening.cancel()
    await asyncio.wait([opening])
    assert fetching.budget.received == 300

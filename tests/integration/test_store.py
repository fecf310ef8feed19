"""One suite for every store: a local disk, and S3 as a real server speaks it."""

import asyncio
import inspect
import os
import stat as modes
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import obstore.exceptions
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffmill.config import Settings
from ffmill.errors import BadRequest, CannotStart, NotFound, TooLarge, Unavailable
from ffmill.store import durable, failures, objects, remote
from ffmill.store.store import Source, Store, open_store
from tests.waiting import until

from .s3_server import BUCKET, KEY_ID, SECRET, S3Server, s3_settings

ODD = [
    "plain.mp4",
    "with space.mp4",
    "100%.mp4",
    "%41.mp4",
    "%2F",
    "a+b&c=d?e#f.mp4",
    "take#1",
    "#12",
    "a:b.mp4",
    "ünï 日本語 🎬.mp4",
    "e\u0301",  # e and a combining accent: stays two
    "back\\slash",
    "quo'te\".mp4",
    "*[x]{y}^|<>`~!@$().mp4",
    "-dash",
    "x" * 255,
    "é" * 127,
    "%" * 255,
    "a" * 253 + "#1",
]


@pytest.fixture(params=["disk", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, Path]:
    """A store, and the directory where its objects end up as files."""
    if request.param == "disk":
        return open_store(Settings(store_url=(tmp_path / "store dir").as_uri())), tmp_path / "store dir"
    server: S3Server = request.getfixturevalue("s3")
    prefix = f"some/{tmp_path.name}"
    return open_store(s3_settings(server, prefix)), server.bucket / prefix


@pytest.fixture
def store(kept: tuple[Store, Path]) -> Store:
    return kept[0]


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(store: Store, key: str, start: int = 0, end: int | None = None) -> bytes:
    async with store.open(key, start, end) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def put(store: Store, key: str, body: bytes) -> int:
    return await store.put_stream(key, stream(body), 1 << 30)


def written(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def source(path: Path, body: bytes) -> Source:
    return Source(str(written(path, body)))


def files_in(directory: Path) -> list[str]:
    """The files below a directory, finished and unfinished ones alike."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


# reading what was put


async def test_a_file_that_was_put_can_be_read(store: Store, tmp_path: Path) -> None:
    body = os.urandom(300_000)
    assert await store.put_file("outputs/j/1/a.mp4", written(tmp_path / "a.mp4", body)) == 300_000
    assert await read(store, "outputs/j/1/a.mp4") == body


async def test_a_stream_that_was_put_can_be_read(store: Store) -> None:
    assert await store.put_stream("tmp/u/1", stream(b"ab", b"", b"cd"), 4) == 4
    assert await read(store, "tmp/u/1") == b"abcd"


async def test_an_empty_file_is_a_file(store: Store, tmp_path: Path) -> None:
    assert await store.put_stream("e/stream", stream(), 10) == 0
    assert await store.put_file("e/file", written(tmp_path / "empty", b"")) == 0
    for key in ("e/stream", "e/file"):
        assert await read(store, key) == b""
        found = await store.stat(key)
        assert found is not None
        assert found.bytes == 0


@pytest.mark.parametrize("name", ODD)
async def test_a_file_may_have_any_name(store: Store, tmp_path: Path, name: str) -> None:
    key = f"outputs/odd {len(name)}/{name}"
    await store.put_file(key, written(tmp_path / "x", name.encode()))
    assert await read(store, key) == name.encode()
    found = await store.stat(key)
    assert found is not None
    assert found.bytes == len(name.encode())
    await store.delete(key)
    assert await store.stat(key) is None


async def test_names_that_look_alike_are_different_files(store: Store) -> None:
    keys = ["n/%41", "n/A", "n/a", "n/a ", "n/a%20", "n/é", "n/e\u0301", "n/x#1", "n/x%231"]
    for key in keys:
        await put(store, key, key.encode())
    assert [await read(store, key) for key in keys] == [key.encode() for key in keys]


async def test_many_files_are_put_at_once(store: Store, tmp_path: Path) -> None:
    files = {f"outputs/j/1/seg{n:03}.ts": source(tmp_path / "w" / str(n), b"%d" % n) for n in range(60)}
    sizes = await store.put_files(files)
    assert sizes == {key: len(str(n)) for n, key in enumerate(files)}
    assert await read(store, "outputs/j/1/seg042.ts") == b"42"
    assert await store.put_files({}) == {}


async def test_each_file_is_told_of_when_it_is_stored(store: Store, tmp_path: Path) -> None:
    files = {f"outputs/j/1/{n}": source(tmp_path / "w" / str(n), b"%d" % n) for n in range(20)}
    told = dict[str, int]()
    assert await store.put_files(files, told.__setitem__) == told


async def test_a_file_is_replaced_whole_and_gets_another_etag(store: Store) -> None:
    await put(store, "r/x", b"old and longer")
    before = await store.stat("r/x")
    await put(store, "r/x", b"new")
    after = await store.stat("r/x")
    assert await read(store, "r/x") == b"new"
    assert before is not None
    assert after is not None
    assert before.etag != after.etag
    assert '"' not in after.etag


async def test_a_stat_tells_size_and_time(store: Store) -> None:
    began = time.time()
    await put(store, "s/x", b"12345")
    found = await store.stat("s/x")
    assert found is not None
    assert found.bytes == 5
    assert found.modified.utcoffset() is not None
    assert began - 2 <= found.modified.timestamp() <= time.time() + 2
    assert await store.stat("s/none") is None
    assert await store.stat("s") is None


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 10), (3, 7), (9, 10), (5, None), (0, None), (2, 99)])
async def test_a_part_of_a_file_can_be_read(store: Store, start: int, end: int | None) -> None:
    await put(store, "p/x", b"0123456789")
    assert await read(store, "p/x", start, end) == b"0123456789"[start:end]


async def test_parts_across_chunks_are_exact(store: Store) -> None:
    body = os.urandom(1 << 20)
    await put(store, "p/big", body)
    edge = 256 << 10
    for start, end in ((edge - 1, edge + 1), (edge, 2 * edge), (1, len(body) - 1), (edge + 5, None)):
        assert await read(store, "p/big", start, end) == body[start:end]


async def test_a_file_can_be_copied_out(store: Store, tmp_path: Path) -> None:
    body = os.urandom(700_000)
    await put(store, "g/x", body)
    assert await store.get_file("g/x", tmp_path / "copy") == 700_000
    assert (tmp_path / "copy").read_bytes() == body
    with pytest.raises(NotFound):
        await store.get_file("g/none", tmp_path / "none")
    assert not (tmp_path / "none").exists()


async def test_what_is_not_there_cannot_be_opened(store: Store) -> None:
    for start, end in ((0, None), (3, 5)):
        with pytest.raises(NotFound):
            await read(store, "o/none", start, end)


# deleting


async def test_deleting_takes_what_is_there_and_forgives_what_is_not(store: Store) -> None:
    await put(store, "d/1", b"1")
    await put(store, "d/2", b"2")
    await put(store, "d/3", b"3")
    await store.delete("d/none", "d/1", "d/2")
    assert [await store.stat(key) is None for key in ("d/1", "d/2", "d/3")] == [True, True, False]
    await store.delete()
    await store.delete("d/3", "d/3")


async def test_a_prefix_is_deleted_by_whole_segments(store: Store, kept: tuple[Store, Path]) -> None:
    for key in ("outputs/j/1/a", "outputs/j/1/deep/b#1", "outputs/j/10/c", "outputs/k/1/d"):
        await put(store, key, b"x")
    await store.delete_prefix("outputs/j/1/")
    assert files_in(kept[1]) == ["outputs/j/10/c", "outputs/k/1/d"]
    await store.delete_prefix("outputs/nothing/here")


async def test_a_prefix_of_many_files_is_deleted(store: Store, kept: tuple[Store, Path], tmp_path: Path) -> None:
    await store.put_files({f"m/{n}": source(tmp_path / "w" / str(n), b"x") for n in range(120)})
    await store.delete_prefix("m")
    assert files_in(kept[1]) == []


@pytest.mark.parametrize("prefix", ["", "/", "..", "a/../b", ".staging"])
async def test_everything_is_never_deleted_by_mistake(store: Store, prefix: str) -> None:
    with pytest.raises(BadRequest):
        await store.delete_prefix(prefix)


# listing


async def test_a_list_tells_where_each_object_lies_and_how_large_and_old_it_is(store: Store) -> None:
    began = time.time()
    keys = {f"outputs/odd/{n}/{name}": n for n, name in enumerate(ODD)}
    for key, size in keys.items():
        await put(store, key, b"x" * size)
    await put(store, "outputs/oddity", b"x")
    found = [each async for page in store.list_objects("outputs/odd") for each in page]
    assert {each.location: each.bytes for each in found} == {store.location(key): size for key, size in keys.items()}
    assert all(began - 2 <= each.modified.timestamp() <= time.time() + 2 for each in found)
    assert [page async for page in store.list_objects("outputs/nothing")] == []


async def test_a_long_list_comes_in_pages(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "LISTED_AT_ONCE", 50)
    await store.put_files({f"m/{n}/x": source(tmp_path / "w" / str(n), b"x") for n in range(120)})
    pages = [page async for page in store.list_objects("m")]
    assert max(map(len, pages)) <= 50
    assert sorted(each.location for page in pages for each in page) == sorted(f"m/{n}/x" for n in range(120))


async def test_what_a_list_gives_can_be_deleted(store: Store, kept: tuple[Store, Path]) -> None:
    for key in ("t/1/a#1", "t/1/b", "t/2/c"):
        await put(store, key, b"x")
    async for page in store.list_objects("t/1"):
        await store.delete_found(page)
    assert files_in(kept[1]) == ["t/2/c"]


# atomic, bounded, nothing left behind


async def test_too_large_a_stream_leaves_nothing(store: Store, kept: tuple[Store, Path]) -> None:
    with pytest.raises(TooLarge, match="10 bytes"):
        await store.put_stream("tmp/u/1", stream(b"x" * 6, b"x" * 5), 10)
    assert files_in(kept[1]) == []


@pytest.mark.parametrize("size", [10, 40 << 20], ids=["small", "in parts"])
async def test_a_stream_that_breaks_leaves_nothing(store: Store, kept: tuple[Store, Path], size: int) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        for _ in range(size // (1 << 20) + 1):
            yield b"x" * min(size, 1 << 20)
        raise ConnectionAbortedErrorOfTest

    with pytest.raises(ConnectionAbortedErrorOfTest):
        await store.put_stream("tmp/u/1", breaking(), 1 << 40)
    assert files_in(kept[1]) == []


class ConnectionAbortedErrorOfTest(Exception):
    """What a client's broken connection raises."""


@pytest.mark.parametrize("size", [10, 40 << 20], ids=["small", "in parts"])
async def test_a_cancelled_put_leaves_nothing(store: Store, kept: tuple[Store, Path], size: int) -> None:
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(size // (1 << 20) + 1):
            yield b"x" * min(size, 1 << 20)
        waiting.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(store.put_stream("tmp/u/1", endless(), 1 << 40))
    await waiting.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await store.stat("tmp/u/1") is None
    assert files_in(kept[1]) == []


async def test_a_large_stream_goes_up_in_parts(store: Store) -> None:
    piece = os.urandom(1 << 20)
    assert await store.put_stream("big/x", stream(*[piece] * 21, b"end"), 1 << 40) == (21 << 20) + 3
    assert await read(store, "big/x", 21 << 20) == b"end"
    assert await read(store, "big/x", 7 << 20, 8 << 20) == piece


async def test_a_large_file_goes_up_in_parts(store: Store, tmp_path: Path) -> None:
    body = os.urandom(1 << 20) * 17 + b"end"
    assert await store.put_file("big/f", written(tmp_path / "big", body)) == len(body)
    assert await store.get_file("big/f", tmp_path / "back") == len(body)
    assert (tmp_path / "back").read_bytes() == body


async def test_a_reader_never_sees_half_a_file(store: Store) -> None:
    bodies = {bytes([n]) * 500_000 for n in range(20)}
    await put(store, "h/x", bytes(500_000))

    async def replace() -> None:
        for body in bodies:
            await put(store, "h/x", body)

    async with asyncio.TaskGroup() as group:
        replacing = group.create_task(replace())
        while not replacing.done():
            assert await read(store, "h/x") in bodies


async def test_many_puts_and_deletes_at_once_do_no_harm(store: Store) -> None:
    async def one(n: int) -> None:
        for turn in range(5):
            await put(store, f"c/{n % 3}/{turn}/{n}", b"x")
            await store.delete(f"c/{n % 3}/{turn}/{n}")

    async with asyncio.TaskGroup() as group:
        for n in range(12):
            group.create_task(one(n))


async def test_a_link_is_never_kept(store: Store, tmp_path: Path) -> None:
    secret = written(tmp_path / "secret", b"root:x:0:0")
    (tmp_path / "link").symlink_to(secret)
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    for name in ("link", "dangling"):
        with pytest.raises(Unavailable):
            await store.put_file(f"l/{name}", tmp_path / name)
        assert await store.stat(f"l/{name}") is None
    assert secret.read_bytes() == b"root:x:0:0"


async def test_a_file_is_taken_from_the_directory_that_is_held_open(store: Store, tmp_path: Path) -> None:
    held, secret = tmp_path / "outputs", written(tmp_path / "host" / "a", b"secret")
    written(held / "a", b"mine")
    directory = os.open(held, os.O_RDONLY | os.O_DIRECTORY)
    try:
        held.rename(tmp_path / "moved")
        held.symlink_to(secret.parent)
        assert await store.put_files({"h/a": Source("a", directory)}) == {"h/a": 4}
    finally:
        os.close(directory)
    assert await read(store, "h/a") == b"mine"
    assert secret.read_bytes() == b"secret"


async def test_a_file_with_another_name_is_never_kept(store: Store, tmp_path: Path) -> None:
    """By that name it could be changed after it was published."""
    (tmp_path / "hard").hardlink_to(written(tmp_path / "other", b"x"))
    with pytest.raises(Unavailable):
        await store.put_file("l/hard", tmp_path / "hard")
    assert await store.stat("l/hard") is None


async def test_a_pipe_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unavailable):
        await store.put_file("o/x", tmp_path / "pipe")


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", ".staging/x", "a\0b", "", "a/" * 600])
async def test_no_key_leaves_the_store(store: Store, tmp_path: Path, key: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: put(store, key, b"x"),
        lambda: store.put_file(key, written(tmp_path / "x", b"x")),
        lambda: read(store, key),
        lambda: store.stat(key),
        lambda: store.delete(key),
    ]
    for call in calls:
        with pytest.raises(BadRequest):
            await call()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.lists(st.text(max_size=20), min_size=1, max_size=4).map("/".join))
async def test_any_text_is_kept_under_its_own_name_or_refused(store: Store, key: str) -> None:
    try:
        await put(store, f"any/{key}/end", key.encode("utf-8", "replace"))
    except BadRequest:
        return
    assert await read(store, f"any/{key}/end") == key.encode()


async def test_a_store_that_works_passes_its_check(store: Store, kept: tuple[Store, Path]) -> None:
    await store.check()
    assert files_in(kept[1]) == []


# the disk


def disk_store(root: Path) -> Store:
    return open_store(Settings(store_url=root.as_uri()))


async def test_files_on_disk_are_private(tmp_path: Path) -> None:
    store, root = disk_store(tmp_path / "a" / "store"), tmp_path / "a" / "store"
    path = written(tmp_path / "x", b"x")
    path.chmod(0o777)
    await store.put_file("outputs/j/1/x", path)
    await put(store, "tmp/u/1", b"x")
    for directory in (tmp_path / "a", root, root / "outputs/j/1", root / "tmp/u", root / ".staging"):
        assert modes.S_IMODE(directory.stat().st_mode) == 0o700
    for file in ("outputs/j/1/x", "tmp/u/1"):
        assert modes.S_IMODE((root / file).stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_file_of_another_user_becomes_ours(tmp_path: Path) -> None:
    path = written(tmp_path / "x", b"x")
    os.chown(path, 12345, 12345)
    await disk_store(tmp_path / "store").put_file("o/x", path)
    kept = (tmp_path / "store/o/x").stat()
    assert (kept.st_uid, kept.st_gid) == (os.geteuid(), os.getegid())


async def test_a_file_of_the_same_disk_is_moved_not_copied(tmp_path: Path) -> None:
    path = written(tmp_path / "x", b"x")
    inode = path.stat().st_ino
    await disk_store(tmp_path / "store").put_file("o/x", path)
    assert (tmp_path / "store/o/x").stat().st_ino == inode
    assert not path.exists()


async def test_a_file_of_another_disk_is_copied_and_removed(tmp_path: Path) -> None:
    other = Path("/dev/shm") / f"ffmill-{os.getpid()}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs /dev/shm, a filesystem of its own")
    body = os.urandom(3 << 20)
    try:
        assert await disk_store(tmp_path / "store").put_file("o/x", written(other, body)) == len(body)
        assert (tmp_path / "store/o/x").read_bytes() == body
        assert not other.exists()
    finally:
        other.unlink(missing_ok=True)


async def test_file_and_directories_are_synced_in_order_before_a_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, root = disk_store(tmp_path / "store"), tmp_path / "store"
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def noting_sync(descriptor: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().relative_to(tmp_path)}")
        sync(descriptor)

    def noting_rename(path: Path, target: Path) -> Path:
        done.append(f"rename to {target.relative_to(tmp_path)}")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(Path, "rename", noting_rename)
    await put(store, "a/b/x", b"x")
    staged = done.pop(0)
    assert staged.startswith("sync store/.staging/")
    directories = ["sync store/a/b", "sync store/a", "sync store"]
    assert done == ["rename to store/a/b/x", *directories]
    done.clear()
    await store.put_files({f"a/b/{n}": source(tmp_path / "w" / n, b"x") for n in "123"})
    assert done[-3:] == directories
    assert done[-6:-3] == [f"rename to store/a/b/{n}" for n in "123"]
    assert sum(step.startswith("sync store/.staging/") for step in done[:-6]) == 3
    assert files_in(root / ".staging") == []


async def test_a_put_of_many_that_fails_leaves_nothing_unfinished(tmp_path: Path) -> None:
    store = disk_store(tmp_path / "store")
    none = Source(str(tmp_path / "w/none"))
    files = {"o/1": source(tmp_path / "w/1", b"x"), "o/2": none, "o/3": source(tmp_path / "w/3", b"x")}
    with pytest.raises(Unavailable):
        await store.put_files(files)
    assert files_in(tmp_path / "store") == []


async def test_a_file_that_is_being_read_can_be_deleted(tmp_path: Path) -> None:
    store, body = disk_store(tmp_path / "store"), os.urandom(1 << 20)
    await put(store, "o/x", body)
    async with store.open("o/x") as chunks:
        await store.delete("o/x")
        assert b"".join([chunk async for chunk in chunks]) == body


async def test_a_file_that_is_closed_early_holds_nothing_open(tmp_path: Path) -> None:
    store = disk_store(tmp_path / "store")
    await put(store, "o/x", bytes(1 << 20))
    for _ in range(5):
        async with store.open("o/x") as chunks:
            await anext(chunks)
            assert len(held_open(tmp_path)) == 1
        until(lambda: not held_open(tmp_path), "the file is closed")  # the thread that read lets go of it last


def held_open(directory: Path) -> list[Path]:
    """Files below a directory that this process has open."""
    held = list[Path]()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of this very listing
            held.append(descriptor.readlink())
    return [path for path in held if path.is_relative_to(directory)]


def test_what_dead_processes_left_is_swept_and_what_is_being_written_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_store(tmp_path / "store")
    left = written(tmp_path / "store/.staging/left", b"half")
    os.utime(left, (0, 0))
    disk_store(tmp_path / "store")
    assert left.exists()
    monkeypatch.setattr(durable, "STALE_SECONDS", -1)
    disk_store(tmp_path / "store")
    assert not left.exists()


async def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = disk_store(tmp_path / "store")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        await put(store, "o/x", b"x")
    monkeypatch.undo()
    assert files_in(tmp_path / "store") == []


@pytest.mark.parametrize("url", ["file://host/x", "file:relative", "file:"])
def test_a_disk_store_needs_an_absolute_path(url: str) -> None:
    with pytest.raises(CannotStart, match="absolute path"):
        open_store(Settings(store_url=url))


def test_a_store_that_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path) -> None:
    written(tmp_path / "file", b"")
    with pytest.raises(CannotStart, match="Not a directory"):
        disk_store(tmp_path / "file" / "store")


async def test_a_disk_store_has_no_urls_of_its_own(tmp_path: Path) -> None:
    assert await disk_store(tmp_path / "store").presign("o/x", 60) is None


# S3


async def test_a_bucket_takes_its_keys_from_the_usual_variables(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    store = open_store(s3_settings(s3, "env", s3_access_key_id=None, s3_secret_access_key=None))
    await put(store, "o/x", b"x")
    assert await read(store, "o/x") == b"x"


async def test_the_settings_go_before_the_variables(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "WRONG0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    await open_store(s3_settings(s3, "")).check()


async def test_a_presigned_url_is_the_buckets_own(s3: S3Server) -> None:
    store = open_store(s3_settings(s3, "p"))
    url = await store.presign("o/a b#1.mp4", 60)
    assert url is not None
    assert url.startswith(f"{s3.endpoint}/{BUCKET}/p/o/a%20b%231.mp4?")
    assert "X-Amz-Expires=60&" in url


WRONG = [
    {"s3_secret_access_key": "wrong"},
    {"s3_access_key_id": "NOBODY0123456789"},
    {"store_url": "s3://no-such-bucket/x"},
    {"s3_endpoint": "http://127.0.0.1:1"},
]


@pytest.mark.parametrize("changes", WRONG, ids=["secret", "key", "bucket", "endpoint"])
async def test_a_bucket_that_cannot_be_used_is_unavailable(
    s3: S3Server, tmp_path: Path, changes: dict[str, object]
) -> None:
    store = open_store(s3_settings(s3, "w", **changes))
    calls: list[Callable[[], Any]] = [
        lambda: put(store, "o/x", b"x"),
        lambda: put(store, "o/x", bytes(9 << 20)),
        lambda: store.put_files({f"o/{n}": source(tmp_path / n, b"x") for n in "ab"}),
        lambda: store.delete_prefix("o"),
        store.check,
    ]
    for call in calls:
        with pytest.raises(Unavailable) as raised:
            await call()
        assert SECRET not in str(raised.value)
        assert "127.0.0.1" not in str(raised.value)


@asynccontextmanager
async def silent_server() -> AsyncGenerator[str]:
    """The address of a server that takes connections and says nothing."""
    release = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    finally:
        release.set()
        server.close()


async def test_a_bucket_that_says_nothing_is_unavailable_in_time(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remote.READ_SECONDS + remote.CONNECT_SECONDS <= 12  # in the product
    monkeypatch.setattr(remote, "READ_SECONDS", 1)
    monkeypatch.setattr(remote, "WRITE_SECONDS", 1)
    monkeypatch.setattr(remote, "CHECK_SECONDS", 0.2)
    async with silent_server() as endpoint:
        store = open_store(s3_settings(s3, "w", s3_endpoint=endpoint))
        async with asyncio.timeout(60):
            with pytest.raises(Unavailable, match="did not answer"):
                await store.check()
            for call in (lambda: store.stat("x"), lambda: put(store, "x", b"x")):
                with pytest.raises(Unavailable):
                    await call()


@asynccontextmanager
async def honouring_ranges() -> AsyncGenerator[tuple[str, list[str]]]:
    """A server that gives bytes 3 to 5 of ten as S3 does, with 206; and the ranges that it was asked for."""
    asked: list[str] = []

    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        asked.extend(line.removeprefix("range: ") for line in head.splitlines() if line.startswith("range: "))
        writer.write(
            b'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-5/10\r\nContent-Length: 3\r\nETag: "x"\r\n'
            b"Last-Modified: Sat, 31 Jan 2026 12:00:00 GMT\r\nConnection: close\r\n\r\n345"
        )
        writer.close()

    async with await asyncio.start_server(give, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}", asked


async def test_a_bucket_that_honours_ranges_is_asked_for_the_part_alone(s3: S3Server) -> None:
    async with honouring_ranges() as (endpoint, asked):
        store = open_store(s3_settings(s3, "r", s3_endpoint=endpoint))
        assert await read(store, "x", 3, 6) == b"345"
    assert asked == ["bytes=3-5"]


async def test_downloads_from_the_bucket_itself_are_named_and_typed(s3: S3Server) -> None:
    httpx = pytest.importorskip("httpx")
    store = open_store(s3_settings(s3, "t"))
    await put(store, "o/clip é.mp4", b"x")
    await put(store, "o/page.html", b"x")
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(str(await store.presign("o/page.html", 60)))
        clip = await client.get(str(await store.presign("o/clip é.mp4", 60)))
    assert page.status_code == clip.status_code == 200
    assert clip.headers["content-type"] == "video/mp4"


# what obstore raises

RAISED = [
    kind for _, kind in inspect.getmembers(obstore.exceptions, inspect.isclass) if issubclass(kind, BaseException)
]


def test_obstore_tells_us_all_its_errors() -> None:
    assert len(RAISED) >= 10


@pytest.mark.parametrize("kind", [*RAISED, OSError, PermissionError, IsADirectoryError, ConnectionError, TimeoutError])
@pytest.mark.parametrize("translating", [failures.reading, failures.writing])
def test_every_failure_of_a_store_is_translated(kind: type[Exception], translating: Callable[[], Any]) -> None:
    with pytest.raises(Unavailable) as raised, translating():
        raise kind("/secret/path and http://10.0.0.1")
    assert raised.value.__cause__ is not None
    assert "secret" not in raised.value.message
    assert "10.0.0.1" not in raised.value.message


def test_what_is_not_found_is_a_missing_file_to_a_reader_and_a_broken_store_to_a_writer() -> None:
    with pytest.raises(NotFound), failures.reading():
        raise FileNotFoundError
    with pytest.raises(Unavailable), failures.writing():
        raise FileNotFoundError


def test_our_own_errors_and_bugs_pass_through() -> None:
    for error in (TooLarge("x"), ZeroDivisionError(), asyncio.CancelledError()):
        with pytest.raises(type(error)), failures.writing():
            raise error

"""Files over HTTP: temporary uploads, downloads by signed URL, inputs that are files of our own."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ffmill.api.parts import open_parts
from ffmill.api.uploads import Most, chunks
from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.errors import BadRequest, TooLarge, Unavailable
from ffmill.store import signing_keys, tmp_files
from ffmill.store.signing import Signer, SigningKey
from tests.integration.s3_server import BUCKET, S3Server, s3_settings

from .conftest import Service

LIMIT = 3 << 20
MOST = Most(bytes=LIMIT, refusal=TooLarge("too large"))
BODY = os.urandom(700_000)


@pytest.fixture(params=["disk", "s3"])
def settings(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Settings:
    """Settings of an API of its own, over each kind of store."""
    common = {"data_dir": tmp_path, "database_url": database_url, "max_upload_bytes": LIMIT}
    if request.param == "disk":
        return Settings(**common)  # pyright: ignore[reportArgumentType]  # pydantic makes it secret
    server: S3Server = request.getfixturevalue("s3")
    return s3_settings(server, f"routes/{tmp_path.name}", **common)


@dataclass(frozen=True, kw_only=True)
class Urls:
    """The URLs of a temporary file."""

    upload: str
    download: str


def local(url: str) -> str:
    """Path and query of a URL of ours: the server of a test listens elsewhere."""
    return "/files/" + url.split("/files/", 1)[1]


async def tmp_file(client: httpx.AsyncClient) -> Urls:
    answer = await client.post("/api/tmp-file")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert set(data) == {"upload_url", "download_url"}
    return Urls(upload=local(data["upload_url"]), download=local(data["download_url"]))


async def put_output(service: Service, name: str, body: bytes) -> str:
    """Path and query of a signed URL of an output that holds `body`."""

    async def stream() -> AsyncIterator[bytes]:
        yield body

    key = f"outputs/{uuid4()}/1/{name}"
    await service.parts.store.put_stream(key, stream(), 1 << 30)
    return local(service.parts.signer.sign("GET", key, 60))


def kept_files(service: Service, s3: S3Server) -> list[str]:
    """All files that the store holds, unfinished ones included."""
    settings = service.parts.settings
    root = s3.bucket / f"routes/{settings.root.name}" if settings.s3_endpoint else settings.root / "store"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


# temporary files


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"no json at all"])
@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain"])
async def test_a_temporary_file_needs_no_body(
    client: httpx.AsyncClient, service: Service, content: bytes, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await client.post("/api/tmp-file", content=content, headers=headers)
    urls = answer.json()["data"]
    for url in urls.values():
        assert url.startswith(f"{service.parts.settings.effective_public_url}/files/tmp/")


async def test_what_was_uploaded_is_downloaded(client: httpx.AsyncClient) -> None:
    urls = await tmp_file(client)
    assert refusal(await client.get(urls.download)) == (404, "notFound")
    answer = await client.put(urls.upload, content=BODY)
    assert (answer.status_code, answer.content) == (200, b"")
    answer = await client.get(urls.download)
    assert (answer.status_code, answer.content) == (200, BODY)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "video/mp4",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "no type",
    ],
)
async def test_an_upload_may_have_any_content_type(client: httpx.AsyncClient, content_type: str | None) -> None:
    urls = await tmp_file(client)
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert (await client.put(urls.upload, content=b"{not json", headers=headers)).status_code == 200
    answer = await client.get(urls.download)
    assert answer.content == b"{not json"
    known = {"video/mp4", "application/json"}
    assert answer.headers["content-type"] == (content_type if content_type in known else "application/octet-stream")


async def test_an_upload_without_a_length_is_taken(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(BODY), 100_000):
            yield BODY[at : at + 100_000]

    urls = await tmp_file(client)
    answer = await client.put(urls.upload, content=pieces())
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert answer.status_code == 200
    assert (await client.get(urls.download)).content == BODY


async def test_an_empty_upload_is_a_file(client: httpx.AsyncClient) -> None:
    urls = await tmp_file(client)
    assert (await client.put(urls.upload)).status_code == 200
    answer = await client.get(urls.download, headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


async def test_the_second_upload_is_a_conflict_and_changes_nothing(
    client: httpx.AsyncClient, service: Service, s3: S3Server
) -> None:
    urls = await tmp_file(client)
    await client.put(urls.upload, content=b"first")
    assert refusal(await client.put(urls.upload, content=b"second")) == (409, "conflict")
    assert (await client.get(urls.download)).content == b"first"
    assert len(kept_files(service, s3)) == 1


async def test_an_upload_whose_file_has_expired_meanwhile_is_dropped(
    client: httpx.AsyncClient, service: Service, s3: S3Server
) -> None:
    urls = await tmp_file(client)

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        async with service.parts.pool.connection() as connection:
            await connection.execute("DELETE FROM tmp_files")
        yield b" and late"

    assert refusal(await client.put(urls.upload, content=slow())) == (404, "notFound")
    assert kept_files(service, s3) == []


async def test_of_two_uploads_at_once_the_first_complete_one_wins(
    client: httpx.AsyncClient, service: Service, s3: S3Server
) -> None:
    urls, slow_began, fast_done = await tmp_file(client), asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        slow_began.set()
        await fast_done.wait()
        yield b" and late"

    loser = asyncio.create_task(client.put(urls.upload, content=slow()))
    await slow_began.wait()
    assert (await client.put(urls.upload, content=b"fast")).status_code == 200
    fast_done.set()
    assert refusal(await loser) == (409, "conflict")
    assert (await client.get(urls.download)).content == b"fast"
    assert len(kept_files(service, s3)) == 1


async def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    urls = await tmp_file(client)
    answer = await client.put(urls.upload, content=never(), headers={"Content-Length": str(LIMIT + 1)})
    assert refusal(answer) == (413, "badRequest")
    assert "FFMILL_MAX_UPLOAD_BYTES" in answer.json()["message"]


async def test_an_upload_beyond_the_limit_leaves_nothing(
    client: httpx.AsyncClient, service: Service, s3: S3Server
) -> None:
    async def long() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield bytes(1 << 20)

    urls = await tmp_file(client)
    assert refusal(await client.put(urls.upload, content=long())) == (413, "badRequest")
    assert kept_files(service, s3) == []
    assert (await client.put(urls.upload, content=bytes(LIMIT))).status_code == 200


async def test_the_urls_of_a_temporary_file_allow_one_thing_each(client: httpx.AsyncClient) -> None:
    urls = await tmp_file(client)
    assert refusal(await client.put(urls.download, content=b"x")) == (403, "forbidden")
    assert refusal(await client.get(urls.upload)) == (403, "forbidden")


async def test_an_output_cannot_be_uploaded(client: httpx.AsyncClient, service: Service) -> None:
    url = local(service.parts.signer.sign("PUT", "outputs/j/1/x", 60))
    assert refusal(await client.put(url, content=b"x")) == (404, "notFound")


async def test_a_temporary_file_that_was_deleted_is_not_found(client: httpx.AsyncClient, service: Service) -> None:
    for method in ("GET", "PUT"):
        url = local(service.parts.signer.sign(method, f"tmp/{uuid4()}", 60))  # pyright: ignore[reportArgumentType]
        assert refusal(await client.request(method, url)) == (404, "notFound")


async def test_an_upload_that_breaks_off_leaves_nothing(service: Service, s3: S3Server) -> None:
    async with service.client() as client:
        urls = [await tmp_file(client) for _ in range(2)]
    declared = b"Content-Length: 2000000\r\n\r\n" + bytes(1_500_000)
    chunked = b"Transfer-Encoding: chunked\r\n\r\n100000\r\n" + bytes(1 << 20) + b"\r\n"
    async with service.served() as (host, port, _):
        for url, body in zip(urls, (declared, chunked), strict=True):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"PUT {url.upload} HTTP/1.1\r\nHost: x\r\n".encode() + body)
            await writer.drain()
            writer.write_eof()
            assert not (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
            await writer.wait_closed()
        async with service.client(f"http://{host}:{port}") as client:
            for url in urls:
                assert refusal(await client.get(url.download)) == (404, "notFound")
                assert (await client.put(url.upload, content=b"again")).status_code == 200
    assert len(kept_files(service, s3)) == 2


class Silent:
    """A request of which one byte comes."""

    async def stream(self) -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()


async def test_a_silent_upload_is_dropped() -> None:
    silent: Any = Silent()
    body = chunks(silent, MOST, silence_seconds=0.01)
    assert await anext(body) == b"x"
    with pytest.raises(Unavailable, match="nothing came"):
        await anext(body)


async def test_an_upload_that_is_never_silent_for_long_is_dropped_for_its_slowness() -> None:
    silent: Any = Silent()
    body = chunks(silent, MOST, silence_seconds=3600, head_start_seconds=0.01)
    assert await anext(body) == b"x"
    with pytest.raises(Unavailable, match="less than 1024 bytes a second"):
        await anext(body)


# over a socket


async def raw(host: str, port: int, *writes: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    for data in writes:
        writer.write(data)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_an_upload_that_is_refused_is_told_so_before_its_body(service: Service) -> None:
    async with service.client() as client:
        urls = await tmp_file(client)
        used = await tmp_file(client)
        await client.put(used.upload, content=b"x")
    expecting = f"Host: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
    async with service.served() as (host, port, _):
        answer = await raw(host, port, f"PUT {urls.upload} HTTP/1.1\r\n".encode() + expecting)
        assert answer.startswith(b"HTTP/1.1 413")
        answer = await raw(host, port, f"PUT {used.upload} HTTP/1.1\r\n".encode() + expecting)
        assert answer.startswith(b"HTTP/1.1 409")


async def test_a_large_body_whose_upload_is_refused_still_gets_its_answer(service: Service) -> None:
    async with service.client() as client:
        used = await tmp_file(client)
        await client.put(used.upload, content=b"x")
    async with service.served() as (host, port, _), service.client(f"http://{host}:{port}") as client:
        assert refusal(await client.put(used.upload, content=bytes(LIMIT))) == (409, "conflict")
        assert refusal(await client.put("/files/tmp/x", content=bytes(LIMIT))) == (403, "forbidden")


async def test_files_go_through_a_real_server_unchanged(service: Service) -> None:
    body = os.urandom(LIMIT)
    async with service.served() as (host, port, _), service.client(f"http://{host}:{port}") as client:
        urls = await tmp_file(client)
        assert (await client.put(urls.upload, content=body)).status_code == 200
        answer = await client.get(urls.download)
        assert answer.content == body
        assert answer.headers["content-length"] == str(LIMIT)
        part = await client.get(urls.download, headers={"Range": "bytes=1000000-2999999"})
        assert (part.status_code, part.content) == (206, body[1_000_000:3_000_000])
        head = await client.head(urls.download)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(LIMIT), b"")
        path = await put_output(service, "50% of ünï #1 a+b.mp4", body[:1000])
        assert (await client.get(path)).content == body[:1000]


async def test_a_client_that_hangs_up_does_not_stop_the_server(service: Service) -> None:
    path = await put_output(service, "x.mp4", bytes(30 << 20))
    async with service.served() as (host, port, _), service.client(f"http://{host}:{port}") as client:
        async with client.stream("GET", path) as answer:
            await anext(answer.aiter_raw())
        assert (await client.get(path, headers={"Range": "bytes=0-3"})).content == bytes(4)


# downloads


async def test_a_download_says_what_it_is(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.get(await put_output(service, "clip.mp4", BODY))
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == 'inline; filename="clip.mp4"'
    assert answer.headers["content-length"] == str(len(BODY))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].strip('"')
    assert answer.headers["last-modified"].endswith("GMT")


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xml", "x.mp4", "x"])
async def test_no_output_is_a_page_of_ours(client: httpx.AsyncClient, service: Service, name: str) -> None:
    path = await put_output(service, name, b"<script>alert(1)</script>")
    for answer in (await client.get(path), await client.head(path)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["content-disposition"].startswith("inline" if name == "x.mp4" else "attachment")


async def test_an_upload_that_calls_itself_a_page_is_saved(client: httpx.AsyncClient) -> None:
    urls = await tmp_file(client)
    await client.put(urls.upload, content=b"<script>", headers={"Content-Type": "text/html"})
    answer = await client.get(urls.download)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=262143-262145", 262_143, 262_146),
        ("bytes=600000-", 600_000, 700_000),
        ("bytes=-7", 699_993, 700_000),
        ("bytes=699999-900000", 699_999, 700_000),
    ],
)
async def test_a_range_is_given(client: httpx.AsyncClient, service: Service, asked: str, start: int, end: int) -> None:
    answer = await client.get(await put_output(service, "x.mp4", BODY), headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/700000")
    assert answer.content == BODY[start:end]
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "rubbish", "bytes=5-1"])
async def test_any_other_range_gives_the_whole_file(client: httpx.AsyncClient, service: Service, asked: str) -> None:
    answer = await client.get(await put_output(service, "x.mp4", b"0123456789"), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


async def test_a_range_beyond_the_end_is_refused(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.get(await put_output(service, "x.mp4", b"0123456789"), headers={"Range": "bytes=10-"})
    assert refusal(answer) == (416, "badRequest")
    assert answer.headers["content-range"] == "bytes */10"


async def test_head_tells_the_size_of_the_whole_file(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.head(await put_output(service, "x.mp4", b"0123456789"), headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "10", b"")


async def test_a_file_that_the_client_has_is_not_sent_again(client: httpx.AsyncClient, service: Service) -> None:
    path = await put_output(service, "x.mp4", b"0123456789")
    first = await client.get(path)
    for header, value in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        again = await client.get(path, headers={header: first.headers[value]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    part = await client.get(path, headers={"Range": "bytes=2-3", "If-Range": first.headers["etag"]})
    assert (part.status_code, part.content) == (206, b"23")
    whole = await client.get(path, headers={"Range": "bytes=2-3", "If-Range": '"another"'})
    assert (whole.status_code, whole.content) == (200, b"0123456789")


async def test_a_tampered_url_is_forbidden(client: httpx.AsyncClient, service: Service) -> None:
    path = await put_output(service, "x.mp4", b"x")
    for changed in (path.replace("x.mp4", "y.mp4"), path[:-1], path.split("?")[0], path.replace("%", "%25") + "&sig=x"):
        for method in ("GET", "PUT"):
            assert refusal(await client.request(method, changed)) == (403, "forbidden")
        assert (await client.head(changed)).status_code == 403


async def test_an_expired_url_is_forbidden_and_says_so(client: httpx.AsyncClient, service: Service) -> None:
    answer = await client.get(local(service.parts.signer.sign("GET", "outputs/j/1/x.mp4", -1)))
    assert refusal(answer) == (403, "forbidden")
    assert "expired" in answer.json()["message"]


async def test_a_file_that_is_gone_is_not_found(client: httpx.AsyncClient, service: Service) -> None:
    path = local(service.parts.signer.sign("GET", "outputs/j/1/x.mp4", 60))
    assert refusal(await client.get(path)) == (404, "notFound")
    assert (await client.head(path)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
async def test_another_method_is_refused(client: httpx.AsyncClient, service: Service, method: str) -> None:
    path = await put_output(service, "x.mp4", b"x")
    assert refusal(await client.request(method, path)) == (405, "badRequest")


async def test_parameters_of_others_change_nothing(client: httpx.AsyncClient, service: Service) -> None:
    path = await put_output(service, "x.mp4", b"x")
    assert (await client.get(f"{path}&utm_source=mail")).status_code == 200
    assert (await client.get(f"{path}&kid=other")).status_code == 403


async def test_a_url_under_a_path_of_the_operators_proxy_works(client: httpx.AsyncClient, service: Service) -> None:
    path = await put_output(service, "x.mp4", b"x")
    signer = Signer(await keys_of(service.parts.pool), "https://x.org/media")
    url = signer.sign("GET", "outputs/j/1/x.mp4", 60)
    assert service.parts.signer.verify("GET", url) == "outputs/j/1/x.mp4"
    assert (await client.get(path)).status_code == 200


async def keys_of(pool: Pool) -> list[SigningKey]:
    async with pool.connection() as connection:
        return await signing_keys.load_or_create(connection)


# redirects


@asynccontextmanager
async def redirecting(settings: Settings) -> AsyncGenerator[Service]:
    from ffmill.api.app import create_app  # noqa: PLC0415
    from tests.accounts import ensure  # noqa: PLC0415

    async with open_parts(settings.model_copy(update={"redirect_downloads": True})) as parts:
        async with parts.pool.connection() as connection:
            account = await ensure(connection, "ours")
        yield Service(app=create_app(parts), parts=parts, account=account, key="none")


async def test_a_download_is_redirected_to_the_bucket_where_the_operator_allows_it(settings: Settings) -> None:
    async with redirecting(settings) as service, service.client() as client:
        path = await put_output(service, "x y.mp4", b"from the bucket")
        answer, head = await client.get(path), await client.head(path)
    assert head.status_code == 200
    if settings.s3_endpoint is None:
        assert (answer.status_code, answer.content) == (200, b"from the bucket")
        return
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{settings.s3_endpoint}/{BUCKET}/")
    async with httpx.AsyncClient(trust_env=False) as direct:
        assert (await direct.get(answer.headers["location"])).content == b"from the bucket"


# inputs that are files of our own


async def resolve(service: Service, url: str) -> str | None:
    (key,) = await service.parts.own_files.resolve([url])
    if isinstance(key, BadRequest):
        raise key
    return key


async def test_a_url_of_ours_is_known_by_its_signature_alone(service: Service, client: httpx.AsyncClient) -> None:
    sign = service.parts.signer.sign
    url = sign("GET", "outputs/j/1/x.mp4", 60)
    assert await resolve(service, url) == "outputs/j/1/x.mp4"
    assert await resolve(service, "http://169.254.169.254" + local(url)) == "outputs/j/1/x.mp4"
    assert await resolve(service, url.replace("x.mp4", "y.mp4")) is None
    assert await resolve(service, url.split("?")[0]) is None
    assert await resolve(service, sign("PUT", "outputs/j/1/x.mp4", 60)) is None
    for other in ("", "https://example.org/files/a.mp4", "https://example.org/?expires=1&kid=2&sig=3", "not a url"):
        assert await resolve(service, other) is None


async def test_many_urls_are_resolved_together(service: Service, client: httpx.AsyncClient) -> None:
    urls = [await tmp_file(client) for _ in range(2)]
    for each in urls:
        await client.put(each.upload, content=b"x")
    output = service.parts.signer.sign("GET", "outputs/j/1/x.mp4", 60)
    keys = await service.parts.own_files.resolve([urls[1].download, "https://example.org/", output, urls[0].download])
    assert [str(key).split("/")[0] for key in keys] == ["tmp", "None", "outputs", "tmp"]
    assert keys[0] != keys[3]


async def test_an_expired_url_of_ours_is_refused_as_an_input(service: Service) -> None:
    with pytest.raises(BadRequest, match="expired"):
        await resolve(service, service.parts.signer.sign("GET", "outputs/j/1/x.mp4", -1))


async def test_a_temporary_file_as_an_input_is_its_object(service: Service, client: httpx.AsyncClient) -> None:
    urls = await tmp_file(client)
    with pytest.raises(BadRequest, match="nothing has been uploaded"):
        await resolve(service, urls.download)
    await client.put(urls.upload, content=b"x")
    key = await resolve(service, urls.download)
    assert key is not None
    assert key.startswith("tmp/")
    stat = await service.parts.store.stat(key)
    assert stat is not None
    assert stat.bytes == 1


async def test_a_temporary_file_that_was_deleted_is_refused_as_an_input(service: Service) -> None:
    with pytest.raises(BadRequest, match="deleted"):
        await resolve(service, service.parts.signer.sign("GET", f"tmp/{uuid4()}", 60))


# the rows


async def test_two_processes_that_start_at_once_make_one_signing_key(pool: Pool) -> None:
    made = await asyncio.gather(*(keys_of(pool) for _ in range(6)))
    assert len(made[0]) == 1
    assert all(keys == made[0] for keys in made)
    assert len(made[0][0].secret) == 32


async def test_the_newest_signing_key_comes_first(pool: Pool) -> None:
    first = await keys_of(pool)
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO signing_keys VALUES ('later', %s, now() + interval '1 second')", (bytes(32),)
        )
    assert await keys_of(pool) == [SigningKey(id="later", secret=bytes(32)), *first]


async def test_only_one_upload_completes_a_temporary_file(pool: Pool, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        file_id = await tmp_files.create(connection, service.account.id)
        keys = [tmp_files.new_object_key(file_id) for _ in range(2)]
        assert await tmp_files.complete(connection, file_id, keys[0], 3, "video/mp4")
        assert not await tmp_files.complete(connection, file_id, keys[1], 4, "x" * 1000)
        file = await tmp_files.get(connection, file_id)
        assert file == tmp_files.TmpFile(id=file_id, object_key=keys[0], media_type="video/mp4")
        assert not await tmp_files.complete(connection, uuid4(), keys[1], 4, None)


def test_the_key_of_a_temporary_files_url_is_told_from_that_of_an_object() -> None:
    file_id = uuid4()
    assert tmp_files.id_in(tmp_files.url_key(file_id)) == file_id
    assert tmp_files.id_in(tmp_files.new_object_key(file_id)) is None
    for key in ("tmp/", "tmp/x", f"tmp/{str(file_id).upper()}x", f"a/tmp/{file_id}", f"outputs/{file_id}"):
        assert tmp_files.id_in(key) is None


async def test_the_document_describes_the_file_routes(client: httpx.AsyncClient) -> None:
    paths = json.loads((await client.get("/api/openapi.json")).content)["paths"]
    assert set(paths["/files/{key}"]) == {"get", "put"}
    assert set(paths["/api/tmp-file"]) == {"post"}

"""Rate limits over HTTP."""

from collections.abc import AsyncGenerator, Mapping

import httpx
import pytest
from starlette.requests import Request

from ffmill.accounts import repository
from ffmill.api.rates import address_of
from ffmill.config import Settings

from .conftest import Service, open_service

HOUR = "UPDATE rate_limits SET full_at = now() + interval '1 hour'"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Limited as a service is that sets nothing."""
    return settings.model_copy(update={"rate_limit": 10})


@pytest.fixture
async def sibling(settings: Settings) -> AsyncGenerator[Service]:
    """A second API on the same database."""
    async with open_service(settings) as opened:
        yield opened


async def exhaust(service: Service) -> None:
    """Makes as if all that are counted had sent far too much."""
    async with service.parts.pool.connection() as connection:
        await connection.execute(HOUR)


async def test_every_answer_says_what_is_left(client: httpx.AsyncClient) -> None:
    for path in ("/api/jobs", "/api/jobs/none", "/api/nothing/here"):
        answer = await client.get(path)
        if path == "/api/nothing/here":
            assert "ratelimit-limit" not in answer.headers  # no route, no account
        else:
            assert answer.headers["ratelimit-limit"] == "10"
            assert 0 <= int(answer.headers["ratelimit-remaining"]) < 20
            assert int(answer.headers["ratelimit-reset"]) in (0, 1, 2)


async def test_beyond_the_rate_is_429_with_the_time_to_try_again(client: httpx.AsyncClient, service: Service) -> None:
    await client.get("/api/jobs")
    await exhaust(service)
    answer = await client.get("/api/jobs")
    assert (answer.status_code, answer.json()["errorCode"]) == (429, "tooManyRequests")
    assert answer.headers["ratelimit-remaining"] == "0"
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    assert answer.headers["retry-after"] in answer.json()["message"]
    assert answer.headers["x-request-id"]


async def test_two_apis_share_one_limit(client: httpx.AsyncClient, service: Service, sibling: Service) -> None:
    assert (await client.get("/api/jobs")).status_code == 200
    await exhaust(service)
    async with sibling.client() as other:
        assert (await other.get("/api/jobs")).status_code == 429


async def test_all_endpoints_are_counted_together(client: httpx.AsyncClient, service: Service) -> None:
    await client.post("/api/tmp-file")
    await exhaust(service)
    for path in ("/api/ffmpeg", "/api/jobs/batch", "/api/tmp-file"):
        assert (await client.post(path, json={})).status_code == 429
    for path in ("/api/jobs", "/api/usage"):
        assert (await client.get(path)).status_code == 429


async def test_nothing_of_a_refused_request_is_done(client: httpx.AsyncClient, service: Service) -> None:
    before = (await client.get("/api/jobs")).json()["pagingParams"]["total"]
    await exhaust(service)
    body = {"output_files": ["a.png"], "ffmpeg_commands": ["-f lavfi -i testsrc2 -frames:v 1 {{a.png}}"]}
    assert (await client.post("/api/ffmpeg", json=body)).status_code == 429
    async with service.parts.pool.connection() as connection:
        await connection.execute("DELETE FROM rate_limits")
    assert (await client.get("/api/jobs")).json()["pagingParams"]["total"] == before


@pytest.mark.parametrize("key", ["", "ffm_" + "a" * 43, "nonsense"])
async def test_whoever_has_no_key_is_limited_by_address(service: Service, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with service.client() as client:
        client.headers = httpx.Headers(headers)
        first = await client.get("/api/jobs")
        assert (first.status_code, first.headers["ratelimit-limit"]) == (401, "10")
        await exhaust(service)
        assert (await client.get("/api/jobs")).status_code == 429
        assert (await client.get("/api/docs")).status_code == 429
        assert (await client.get("/files/outputs/x?expires=1&kid=x&sig=y")).status_code == 429
    async with service.client() as known:
        assert (await known.get("/api/jobs")).status_code == 200  # its own bucket


async def test_a_file_with_a_valid_signature_and_health_are_not_limited(service: Service) -> None:
    async with service.client() as client:
        url = (await client.post("/api/tmp-file")).json()["data"]
        del client.headers["Authorization"]
        assert (await client.get("/api/docs")).status_code == 200
        await exhaust(service)
        assert (await client.put(url["upload_url"], content=b"x")).status_code == 200
        assert (await client.get(url["download_url"])).content == b"x"
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503  # no worker here


async def test_an_account_of_its_own_rate_says_that(client: httpx.AsyncClient, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        await repository.change(connection, service.account.id, {"rate_limit": 7})
    assert (await client.get("/api/jobs")).headers["ratelimit-limit"] == "7"


async def test_a_limiter_that_fails_refuses_nobody(client: httpx.AsyncClient, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        await connection.execute("DROP FUNCTION ffmill_take_v1")
    answer = await client.get("/api/jobs")
    assert answer.status_code == 200
    assert "ratelimit-limit" not in answer.headers
    assert (await client.get("/api/docs")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),  # no proxy of ours says so
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9"], "198.51.100.9"),  # what the client wrote itself counts for nothing
        ("10.0.0.1", ["203.0.113.5", "198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "unknown"),
        ("10.0.0.1", [""], "unknown"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("fd00::1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["198.51.100.9:5678"], "198.51.100.9"),
        ("10.0.0.1", ["[2001:db8:1:2:3::4]:443"], "2001:db8:1:2::/64"),
    ],
)
async def test_whose_address_counts(settings: Settings, peer: str, forwarded: list[str], address: str) -> None:
    proxies = Settings(trusted_proxies="10.0.0.0/8, fd00::/8").trusted_proxies  # pyright: ignore[reportArgumentType]
    async with open_service(settings.model_copy(update={"trusted_proxies": proxies})) as service:
        headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
        scope: Mapping[str, object] = {"type": "http", "headers": headers, "client": (peer, 1), "app": service.app}
        assert address_of(Request(dict(scope))) == address

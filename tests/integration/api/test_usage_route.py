"""Usage over HTTP."""

from datetime import UTC, datetime, tzinfo

import httpx
import pytest

from ffmill.accounts import api_keys
from ffmill.accounts.model import Scope
from ffmill.config import Settings
from tests.integration.test_ledger import write

from .conftest import Service

PRICED = {"price_per_gb": 0.5, "price_per_cpu_second": 0.25, "currency": "EUR"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With prices."""
    return settings.model_copy(update=PRICED)


async def test_usage_is_told_group_by_group_and_in_all(client: httpx.AsyncClient, service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        for machine in ("cpu", "cpu", "nvidia"):
            await write(connection, service.account.id, machine=machine, ended_at=datetime.now(UTC))
    answer = await client.get("/api/usage?group_by=machine")
    assert answer.status_code == 200
    body = answer.json()
    assert [(group["machine"], group["jobs"]) for group in body["data"]] == [("cpu", 2), ("nvidia", 1)]
    assert (body["group_by"], body["currency"]) == ("machine", "EUR")
    total = body["total"]
    assert (total["jobs"], total["input_bytes"], total["output_bytes"], total["cpu_seconds"]) == (3, 33, 300, 4.5)
    assert total["cost"] == pytest.approx(0.5 * 333e-9 + 0.25 * 4.5, abs=1e-6)
    assert sum(group["cost"] for group in body["data"]) == pytest.approx(total["cost"], abs=1e-6)


async def test_without_a_time_it_is_this_month_by_day(client: httpx.AsyncClient, service: Service) -> None:
    now = datetime.now(UTC)
    async with service.parts.pool.connection() as connection:
        await write(connection, service.account.id, ended_at=now)
        await write(connection, service.account.id, ended_at=datetime(2001, 1, 1, tzinfo=UTC))
    body = (await client.get("/api/usage")).json()
    assert [group["day"] for group in body["data"]] == [now.date().isoformat()]
    assert body["from"].endswith("-01T00:00:00.000Z")
    ever = (await client.get("/api/usage?from=2000-01-01T00:00:00Z&group_by=status")).json()
    assert ever["total"]["jobs"] == 2


async def test_what_ended_just_now_counts_though_the_database_is_ahead_of_us(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service.parts.pool.connection() as connection:
        await write(connection, service.account.id, ended_at=datetime.now(UTC))

    class Behind(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Behind":
            return cls(2026, 1, 1, tzinfo=tz)

    monkeypatch.setattr("ffmill.api.routes.usage.datetime", Behind)
    assert (await client.get("/api/usage")).json()["total"]["jobs"] == 1


async def test_an_account_that_did_nothing_used_nothing(client: httpx.AsyncClient) -> None:
    body = (await client.get("/api/usage")).json()
    assert body["data"] == []
    assert body["total"]["jobs"] == body["total"]["cost"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "group_by=account",
        "group_by=metadata.",
        "group_by=",
        "group_by=metadata.%00",
        "group_by=day%27",
        "from=yesterday",
        "from=2026-01-01",
        "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2999-01-01T00:00:00Z",
        "to=%00",
        "from=0001-01-01T00:00:00%2B23:59",
        "to=9999-12-31T23:59:59-05:00",
    ],
)
async def test_a_query_that_is_wrong_is_told_so(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/usage?{query}")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "validationError")
    assert answer.json()["message"].startswith(query.partition("=")[0])


async def test_only_an_administrator_reads_what_others_used(client: httpx.AsyncClient, service: Service) -> None:
    assert (await client.get("/api/usage?account=ours")).status_code == 403
    async with service.parts.pool.connection() as connection:
        await write(connection, service.account.id, ended_at=datetime.now(UTC))
        key, _ = await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN])
    async with service.client(key=key) as admin:
        assert (await admin.get("/api/usage?account=ours")).json()["total"]["jobs"] == 1
        assert (await admin.get("/api/usage?account=nobody")).status_code == 404
        assert (await admin.get("/api/usage?account=%00")).status_code == 400


async def test_it_takes_the_scope(service: Service) -> None:
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "jobs", scopes=[Scope.JOBS_READ])
    async with service.client(key=key) as client:
        answer = await client.get("/api/usage")
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "forbidden")
    assert "usage:read" in answer.json()["message"]

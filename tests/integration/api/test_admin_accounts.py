"""Accounts and the audit log over HTTP."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx
import pytest

from ffmill.accounts import api_keys, audit
from ffmill.accounts.model import TERMS, Scope
from ffmill.accounts.terms import BOUNDS
from ffmill.api.admin_objects import AccountObject, AuditAnswer

from .conftest import Service


@pytest.fixture
async def admin(service: Service) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with an administrator's key."""
    async with service.parts.pool.connection() as connection:
        key, _ = await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN])
    async with service.client(key=key) as opened:
        yield opened


async def logged(service: Service) -> list[tuple[str, str, Any]]:
    """The log, oldest first."""
    async with service.parts.pool.connection() as connection:
        found = await audit.newest(connection, 1000)
    return [(entry.action, entry.subject, entry.details) for entry in found[::-1]]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errorCode"]


async def test_an_account_is_made_read_changed_and_listed(service: Service, admin: httpx.AsyncClient) -> None:
    sent = {"name": "video team", "paid": True, "max_running": 2, "machines": ["cpu", "cpu"], "keep_logs_days": 1.5}
    made = (await admin.post("/api/admin/accounts", json=sent)).json()["data"]
    AccountObject.model_validate(made)
    assert made == {
        **dict.fromkeys(TERMS),
        **sent,
        "id": made["id"],
        "created_at": made["created_at"],
        "weight": 1,
        "machines": ["cpu"],
    }
    for name in (made["id"], "video team"):
        assert (await admin.get(f"/api/admin/accounts/{name}")).json()["data"] == made
    changed = await admin.patch("/api/admin/accounts/video team", json={"weight": 0.5, "max_running": None})
    assert changed.json()["data"] == {**made, "weight": 0.5, "max_running": None}
    listed = (await admin.get("/api/admin/accounts")).json()["data"]
    assert [account["name"] for account in listed] == ["ours", "video team"]
    assert listed[1] == changed.json()["data"]
    given = {term: made[term] for term in ("paid", "max_running", "machines", "keep_logs_days")}
    differences = {"weight": {"old": 1, "new": 0.5}, "max_running": {"old": 2, "new": None}}
    assert await logged(service) == [
        ("account.created", "account:video team", given),
        ("account.changed", "account:video team", differences),
    ]


async def test_a_change_of_nothing_answers_with_the_account(service: Service, admin: httpx.AsyncClient) -> None:
    before = (await admin.get("/api/admin/accounts/ours")).json()
    assert (await admin.patch("/api/admin/accounts/ours", json={})).json() == before
    assert await logged(service) == []


async def test_a_name_is_taken_once(service: Service, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/admin/accounts", json={"name": "ours", "weight": 9})
    assert refusal(answer) == (409, "conflict")
    assert (await admin.get("/api/admin/accounts/ours")).json()["data"]["weight"] == 1
    assert await logged(service) == []


@pytest.mark.parametrize("name", ["nobody", str(UUID(int=7)), "%00", "%ED%A0%80", "a%0Ab", "%25"])
async def test_an_account_that_is_not_there_is_404(admin: httpx.AsyncClient, name: str) -> None:
    assert refusal(await admin.get(f"/api/admin/accounts/{name}")) == (404, "notFound")
    assert refusal(await admin.patch(f"/api/admin/accounts/{name}", json={})) == (404, "notFound")


HOSTILE: list[tuple[dict[str, Any] | str, str]] = [
    ({"wieght": 2}, '"wieght" is not a known field'),
    ({"id": "x"}, '"id" is not a known field'),
    ({"weight": "2"}, "weight: must be a valid number"),
    ({"weight": True}, "weight: must be a valid number"),
    ({"weight": None}, "weight: must be a valid number"),
    ({"weight": 0}, "weight: must be greater than or equal to 0.001"),
    ('{"weight": 1e999}', "weight: must be a finite number"),
    ('{"weight": NaN}', "NaN is no JSON number"),
    ('{"weight": 1' + "0" * 400 + "}", "weight: must be a valid number"),
    ({"paid": None}, "paid: must be a valid boolean"),
    ({"paid": 1}, "paid: must be a valid boolean"),
    ({"max_running": 1.0}, "max_running: must be a valid integer"),
    ({"max_running": True}, "max_running: must be a valid integer"),
    ({"max_running": 2**31}, "max_running: must be less than or equal to"),
    ('{"max_month_bytes": 1' + "0" * 3000 + "}", "max_month_bytes: must be less than or equal to"),
    ('{"max_month_bytes": 1' + "0" * 5000 + "}", "larger than 4096 bytes"),
    ({"max_month_bytes": 2**63}, "max_month_bytes: must be less than or equal to"),
    ({"max_input_bytes": 0}, "max_input_bytes: must be greater than or equal to 1"),
    ({"keep_jobs_days": -1}, "keep_jobs_days: must be greater than or equal to"),
    ({"keep_jobs_days": 1e300}, "keep_jobs_days: must be less than or equal to"),
    ({"machines": "cpu"}, "machines: must be a valid list"),
    ({"machines": []}, "machines: List should have at least 1 item"),
    ({"machines": ["cpu", 1]}, "machines[1]: must be a valid string"),
    ({"machines": ["webhooks"]}, "machines: 'webhooks' cannot be the name of a machine"),
    ({"machines": ["a\0b"]}, "machines[0]: must hold no NUL"),
    ('{"machines": ["\\ud800"]}', "no lone surrogate"),
    ('{"\\ud800": 1}', "valid string"),
    ('{"paid": true, "paid": false}', "given more than once"),
    ("[]", "must be a JSON object"),
    ("", "the body is empty"),
]


@pytest.mark.parametrize(("body", "words"), HOSTILE)
async def test_a_hostile_body_is_refused_and_changes_nothing(
    service: Service, admin: httpx.AsyncClient, body: dict[str, Any] | str, words: str
) -> None:
    before = (await admin.get("/api/admin/accounts")).json()
    ways = {"json": body} if isinstance(body, dict) else {"content": body}
    answer = await admin.request("PATCH", "/api/admin/accounts/ours", **ways)  # pyright: ignore[reportArgumentType]
    assert answer.status_code == (413 if "larger" in words else 400), answer.text
    assert words in answer.json()["message"]
    if isinstance(body, dict):
        answer = await admin.post("/api/admin/accounts", json={"name": "new", **body})
        assert refusal(answer) == (400, "validationError")
    assert (await admin.get("/api/admin/accounts")).json() == before
    assert await logged(service) == []


@pytest.mark.parametrize("name", [None, 1, "", " ", " a", "a\0", "x" * 201, "a\nb", str(UUID(int=7))])
async def test_a_name_that_cannot_be_one_is_refused(admin: httpx.AsyncClient, name: Any) -> None:
    assert (await admin.post("/api/admin/accounts", json={"name": name})).status_code == 400
    assert (await admin.post("/api/admin/accounts", json={"weight": 2})).json()["message"] == "name: is required"


async def test_every_number_may_be_as_small_and_as_large_as_the_reference_says(
    service: Service, admin: httpx.AsyncClient
) -> None:
    described = service.app.openapi()["components"]["schemas"]["TermsRequest"]["properties"]
    for term, bounds in BOUNDS.items():
        numbers = next(kind for kind in [described[term], *described[term].get("anyOf", [])] if "minimum" in kind)
        assert (numbers["minimum"], numbers["maximum"]) == bounds
        for value in bounds:
            answer = await admin.patch("/api/admin/accounts/ours", json={term: value})
            assert answer.json()["data"][term] == pytest.approx(value)


async def test_the_log_names_the_key_and_pages_from_the_newest(service: Service, admin: httpx.AsyncClient) -> None:
    for weight in range(2, 7):
        await admin.patch("/api/admin/accounts/ours", json={"weight": weight})
    pages, query, answer = list[list[int]](), "limit=2", dict[str, Any]()
    for _ in range(3):
        answer = (await admin.get(f"/api/admin/audit?{query}")).json()
        AuditAnswer.model_validate(answer)
        pages.append([entry["details"]["weight"]["new"] for entry in answer["data"]])
        query = f"limit=2&cursor={answer['pagingParams']['nextCursor']}"
    assert pages == [[6, 5], [4, 3], [2]]
    assert answer["pagingParams"] == {"limit": 2, "hasMore": False, "nextCursor": None}
    (admins,) = [key for key in await keys_of(service) if key.name == "admin"]
    assert answer["data"][0]["actor"] == f"key {admins.prefix} of ours"
    assert (await admin.get("/api/admin/audit?limit=1000")).json()["pagingParams"]["limit"] == 100


async def keys_of(service: Service) -> list[Any]:
    async with service.parts.pool.connection() as connection:
        return list(await api_keys.list_all(connection))


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=0", "cursor=x", f"cursor={2**63}", "cursor=%00"])
async def test_a_page_that_cannot_be_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    assert refusal(await admin.get(f"/api/admin/audit?{query}")) == (400, "validationError")

"""Accounts, keys and secrets, managed: each change has its entry in the audit log, or neither is there."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ffmill.accounts import audit, managing
from ffmill.accounts.audit import Entry
from ffmill.accounts.model import TERMS, Account, Scope
from ffmill.accounts.terms import BOUNDS
from ffmill.db.pool import Connection, Pool
from ffmill.errors import BadRequest, Conflict, NotFound, ValidationError
from ffmill.webhooks import secrets as webhook_secrets

WHO = "a test"
EVERY_TERM: dict[str, Any] = {
    "paid": True,
    "weight": 2.5,
    "max_running": 3,
    "rate_limit": 0,
    "machines": ("cpu", "nvidia"),
    "max_timeout_seconds": 60,
    "max_input_bytes": 10**12,
    "max_month_bytes": 0,
    "max_stored_bytes": 2**63 - 1,
    "keep_outputs_days": 0.5,
    "keep_uploads_days": 1,
    "keep_logs_days": 90,
    "keep_jobs_days": 36_500,
}


async def entries(connection: Connection) -> list[Entry]:
    """The whole log, oldest first."""
    return (await audit.newest(connection, 1000))[::-1]


async def make(connection: Connection, name: str = "studio") -> Account:
    return await managing.create_account(connection, WHO, name, {})


async def test_an_account_is_made_with_every_term_and_the_log_says_so(pool: Pool) -> None:
    assert EVERY_TERM.keys() == set(TERMS)
    async with pool.connection() as connection:
        made = await managing.create_account(connection, WHO, "studio", EVERY_TERM)
        assert {term: getattr(made.terms, term) for term in TERMS} == EVERY_TERM
        assert await managing.account_named(connection, "studio") == made
        assert await managing.account_named(connection, str(made.id)) == made
        (entry,) = await entries(connection)
    assert (entry.actor, entry.action, entry.subject) == (WHO, "account.created", "account:studio")
    assert entry.details == {**EVERY_TERM, "machines": ["cpu", "nvidia"]}


async def test_a_new_account_has_a_secret_for_its_webhooks(pool: Pool) -> None:
    async with pool.connection() as connection:
        made = await make(connection)
        assert len(await webhook_secrets.list_of(connection, made.id)) == 1


async def test_an_account_is_made_once_however_many_ask(pool: Pool) -> None:
    async def one() -> Account:
        async with pool.connection() as connection:
            return await managing.ensure_account(connection, WHO, "studio")

    made = await asyncio.gather(*(one() for _ in range(6)))
    assert len({account.id for account in made}) == 1
    async with pool.connection() as connection:
        assert [entry.action for entry in await entries(connection)] == ["account.created"]
        with pytest.raises(Conflict, match="there is an account 'studio' already"):
            await make(connection)
        assert len(await entries(connection)) == 1


async def test_a_change_is_logged_with_what_was_before(pool: Pool) -> None:
    async with pool.connection() as connection:
        made = await make(connection)
        changed = await managing.change_account(
            connection, WHO, made.id, {"weight": 2, "max_running": None, "machines": ("cpu",)}
        )
        assert (changed.terms.weight, changed.terms.machines) == (2, ("cpu",))
        entry = (await entries(connection))[-1]
    assert (entry.action, entry.subject) == ("account.changed", "account:studio")
    assert entry.details == {"weight": {"old": 1, "new": 2}, "machines": {"old": None, "new": ["cpu"]}}


async def test_a_change_that_changes_nothing_is_not_logged(pool: Pool) -> None:
    async with pool.connection() as connection:
        made = await make(connection)
        for same in ({}, {"weight": 1, "paid": False}):
            assert await managing.change_account(connection, WHO, made.id, same) == made
        assert [entry.action for entry in await entries(connection)] == ["account.created"]


async def test_no_term_may_be_out_of_its_bounds_and_none_on_them_is_refused_by_the_database(pool: Pool) -> None:
    async with pool.connection() as connection:
        made = await make(connection)
        for term, (least, most) in BOUNDS.items():
            for value in (least, most):
                changed = await managing.change_account(connection, WHO, made.id, {term: value})
                assert getattr(changed.terms, term) == pytest.approx(value)
            for value in (least - 1, most * 2 + 1, float("nan"), float("inf"), -float("inf")):
                with pytest.raises(ValidationError, match=f"{term}: must be from"):
                    await managing.change_account(connection, WHO, made.id, {term: value})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"paid": None}, "paid: must not be null"),
        ({"weight": None}, "weight: must not be null"),
        ({"machines": ()}, "machines: must name 1 to 100"),
        ({"machines": ("cpu", "A b")}, "machines: 'A b' cannot be the name of a machine"),
        ({"machines": ("webhooks",)}, "machines: 'webhooks' cannot be"),
        ({"machines": ("a\0",)}, "machines: .* cannot be"),
    ],
)
async def test_a_value_that_a_term_may_not_have_changes_nothing(
    pool: Pool, changes: dict[str, Any], words: str
) -> None:
    async with pool.connection() as connection:
        made = await make(connection)
        with pytest.raises(ValidationError, match=words):
            await managing.change_account(connection, WHO, made.id, changes)
        with pytest.raises(ValidationError, match=words):
            await managing.create_account(connection, WHO, "other", changes)
        assert await managing.account_named(connection, "studio") == made
        assert len(await entries(connection)) == 1
        with pytest.raises(NotFound):
            await managing.account_named(connection, "other")


async def test_a_key_is_made_and_revoked_with_an_entry_each_and_no_secret_in_them(pool: Pool) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    async with pool.connection() as connection:
        studio = await make(connection)
        text, key = await managing.create_key(
            connection, WHO, studio, "laptop", scopes=[Scope.JOBS_READ, Scope.JOBS_READ], expires_at=ends
        )
        revoked = await managing.revoke_key(connection, WHO, key.prefix)
        assert await managing.revoke_key(connection, WHO, str(key.id)) == revoked
        _, made, gone = await entries(connection)
        kept = await (await connection.execute("SELECT audit_log::text FROM audit_log")).fetchall()
    assert (made.action, gone.action) == ("key.created", "key.revoked")
    assert made.subject == gone.subject == f"key:{text[:12]}"
    owner = {"account": "studio", "name": "laptop"}
    assert made.details == {**owner, "scopes": ["jobs:read"], "expires_at": ends.isoformat()}
    assert gone.details == owner
    assert text[12:] not in str(kept)


async def test_a_key_is_revoked_once_however_many_ask(pool: Pool) -> None:
    async with pool.connection() as connection:
        _, key = await managing.create_key(connection, WHO, await make(connection), "laptop")

    async def one() -> datetime | None:
        async with pool.connection() as connection:
            return (await managing.revoke_key(connection, WHO, key.prefix)).revoked_at

    times = await asyncio.gather(*(one() for _ in range(6)))
    assert len(set(times)) == 1
    async with pool.connection() as connection:
        assert [entry.action for entry in await entries(connection)].count("key.revoked") == 1


async def test_what_fails_leaves_no_entry(pool: Pool) -> None:
    async with pool.connection() as connection:
        studio = await make(connection)
        with pytest.raises(BadRequest):
            await managing.create_key(connection, WHO, studio, "late", expires_at=datetime.now(UTC))
        with pytest.raises(BadRequest):
            await managing.create_key(connection, WHO, studio, "none", scopes=[])
        with pytest.raises(NotFound):
            await managing.revoke_key(connection, WHO, "ffm_notthere")
        assert len(await entries(connection)) == 1


async def test_a_change_whose_entry_cannot_be_written_is_not_made(pool: Pool) -> None:
    async with pool.connection() as connection:
        studio = await make(connection)
        await connection.execute("ALTER TABLE audit_log ADD CHECK (actor <> 'nobody')")
        with pytest.raises(psycopg.errors.CheckViolation):
            await managing.change_account(connection, "nobody", studio.id, {"weight": 7})
        with pytest.raises(psycopg.errors.CheckViolation):
            await managing.rotate_webhook_secret(connection, "nobody", studio, 0)
        assert await managing.account_named(connection, "studio") == studio
        assert len(await webhook_secrets.list_of(connection, studio.id)) == 1


async def test_rotations_are_logged_without_what_they_made(pool: Pool) -> None:
    async with pool.connection() as connection:
        studio = await make(connection)
        secret = await managing.rotate_webhook_secret(connection, WHO, studio, 60)
        key = await managing.rotate_signing_key(connection, WHO, at_once=True)
        _, of_secret, of_key = await entries(connection)
    assert (of_secret.action, of_secret.subject) == ("webhook_secret.rotated", "account:studio")
    assert of_secret.details == {"secret": str(secret.id), "overlap_seconds": 60}
    assert (of_key.action, of_key.subject) == ("signing_key.rotated", f"signing_key:{key.id}")
    assert of_key.details == {"at_once": True}


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_log_is_never_changed(pool: Pool, statement: str) -> None:
    async with pool.connection() as connection:
        await make(connection)
        with pytest.raises(psycopg.errors.RaiseException, match="rows of audit_log are never changed"):
            await connection.execute(statement.encode())
        assert len(await entries(connection)) == 1


def test_the_command_line_is_known_by_user_and_host() -> None:
    said = audit.by_command_line()
    assert said.startswith("command line: ")
    assert said.endswith(f"@{socket.gethostname()}")

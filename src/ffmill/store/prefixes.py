"""Prefixes of objects that are to go: written down in the transaction that makes them needless, carried out later
(`retention/deletions.py`)."""

from collections.abc import Sequence

from ffmill.db.pool import Connection

# To be formatted with a query that gives prefixes, each once. One that is asked for again is to be listed again.
ASK = """
    INSERT INTO deletions (prefix) {prefixes} ON CONFLICT (prefix) DO UPDATE SET due_at = excluded.due_at
"""
ASK_FOR = """
INSERT INTO deletions (prefix, due_at)
SELECT DISTINCT unnest(%(prefixes)s::text[]), now() + make_interval(secs => %(seconds)s)
ON CONFLICT (prefix) DO UPDATE SET due_at = excluded.due_at
"""


def of_job(job_id: object) -> str:
    """The prefix of all that the attempts at a job kept."""
    return f"outputs/{job_id}/"


def of_attempt(job_id: object, attempt: int) -> str:
    """The prefix of what one attempt kept."""
    return f"{of_job(job_id)}{attempt}/"


async def ask(connection: Connection, prefixes: Sequence[str], *, in_seconds: float = 0) -> None:
    """Writes down what is to go, then or later, in the caller's transaction: nobody may need any object below."""
    await connection.execute(ASK_FOR, {"prefixes": list(prefixes), "seconds": in_seconds})

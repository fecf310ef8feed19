"""Rows of the feed's statement as jobs that were seen."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ffmill.events.repository import LOG_CHARACTERS, NARROW, TAIL, WHOLE, Row
from ffmill.events.seen import Seen, Tail, outputs_of
from ffmill.jobs.model import Job, Progress, Status
from ffmill.jobs.rows import PROGRESS, job_of


def narrow(row: Row) -> Row:
    """What tells whether the job has changed."""
    return row[NARROW:TAIL]


def seen_of(row: Row, columns: Sequence[str], before: Seen | None) -> Seen:
    """The job in a row; of a log that has not grown, the tail that was seen before."""
    told = dict(zip(columns, row, strict=True))
    status = Status(told["seen_status"])
    job = job_of(told) if row[WHOLE] is not None else None
    tail = _tail(told, before) if told["with_log"] else None
    return Seen(
        id=told["seen_id"],
        account_id=told["seen_account"],
        listed=told["listed"],
        status=status,
        machine=told["seen_machine"],
        unattended=told["unattended"],
        attempt=told["seen_attempt"],
        command_index=told["seen_index"],
        commands_total=told["commands_total"],
        updated_at=told["seen_updated_at"],
        progress=_progress(told) if status is Status.RUNNING and told["news_attempt"] is not None else None,
        log_lines=max(told["log_lines"], tail.lines if tail else 0),
        tail=tail,
        outputs=_outputs(told["stored"], job),
        job=job,
    )


def _progress(told: Mapping[str, Any]) -> Progress:
    return Progress(command_index=told["seen_index"], **{name: told[name] for name in PROGRESS})


def _tail(told: Mapping[str, Any], before: Seen | None) -> Tail:
    text: str | None = told["log_tail"]
    if text is None:
        return (before.tail or Tail()) if before and before.attempt == told["seen_attempt"] else Tail()
    cut = len(text) >= LOG_CHARACTERS  # somewhere in its first line
    return Tail.of(text.partition("\n")[2] if cut else text)


def _outputs(stored: str | None, job: Job | None) -> tuple[Mapping[str, Any], ...]:
    if job is not None and job.status is Status.SUCCEEDED:
        return outputs_of(job)
    return tuple(json.loads(stored)) if stored else ()

"""The delivery object that clients see."""

from typing import Any

from ffmill.jobs.view import optional, timestamp
from ffmill.webhooks.model import Attempt, Delivery


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """The whole object, ready for JSON."""
    return {
        "id": str(delivery.id),
        "job_id": str(delivery.job_id),
        "event": delivery.event,
        "url": delivery.url,
        "state": delivery.state.value,
        "created_at": timestamp(delivery.created_at),
        "next_try_at": optional(delivery.next_try_at),
        "delivered_at": optional(delivery.delivered_at),
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": timestamp(attempt.started_at),
        "duration_seconds": round(attempt.duration_seconds, 3),
        "status_code": attempt.status_code,
        "error": attempt.error,
        "answer": attempt.answer,
    }

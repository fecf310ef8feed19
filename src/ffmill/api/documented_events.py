"""The words of the reference about event streams."""

from typing import Any

from ffmill.api.documenting import query, route

EXAMPLE = (
    "retry: 2000\n\n"
    "id: 1.0.0.running.0\nevent: status\n"
    'data: {"job_id":"0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55","status":"running","status_detail":null,"attempt":1,'
    '"command_index":0,"updated_at":"2026-01-31T12:00:00.000Z"}\n\n'
)
_STREAM = {"content": {"text/event-stream": {"example": EXAMPLE}}}
_TYPES = "Only events of these kinds, separated by commas: `status`, `progress`, `log`, `gap`, `output`, `end`."
_LAST = "Where the stream was left: the `id` of the last event that came. The header `Last-Event-ID` goes before it."


def _parameters(types: str) -> dict[str, Any]:
    last = {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "parameters": [
            query("types", types, type="string"),
            query("last_event_id", _LAST, type="string"),
            {**last, "description": "The same, as clients send it by themselves when they reconnect."},
        ]
    }


JOB = route(
    "stream_job_events",
    "Follow a job",
    "What happens to the job as it happens, as server-sent events: its `status`, its `progress`, lines of its `log`"
    " (and a `gap` where some were left out), each `output` as it is stored, and at its `end` the whole job, after"
    " which the stream closes. A comment comes every 15 seconds where nothing else does.",
    {**_STREAM, "description": "The events."},
    *(400, 401, 404, 503),
    extra=_parameters(_TYPES),
)
JOB["responses"][204] = {"description": "The `end` of the job was told already: there is nothing to come back for."}
ACCOUNT = route(
    "stream_events",
    "Follow all jobs",
    "The same of all jobs of your account, those at work and those created from now on, without an end. Where it is"
    " resumed, the jobs that ended meanwhile come first; some may come twice.",
    {**_STREAM, "description": "The events."},
    *(400, 401, 503),
    extra=_parameters(f"{_TYPES} Without it, all but `log` and `gap`."),
)
for _route in (JOB, ACCOUNT):
    _route["responses"][429] |= {
        "description": "`tooManyRequests`: more requests a second than the account may send, or more streams open;"
        " `Retry-After` says when to try again."
    }

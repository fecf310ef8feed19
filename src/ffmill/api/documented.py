"""The words of the reference: what each route takes and answers, as FastAPI's route arguments."""

from typing import Any

from ffmill.api.documenting import Route, body, query, route
from ffmill.api.objects import (
    BatchAnswer,
    JobAnswer,
    JobListAnswer,
    ReadyAnswer,
    UnreadyAnswer,
    UpAnswer,
    WorkersAnswer,
)

EXAMPLES: dict[str, Any] = {
    "A test picture": {
        "output_files": ["card.png"],
        "ffmpeg_commands": ["-f lavfi -i testsrc2=size=640x360 -frames:v 1 {{card.png}}"],
    },
    "Two commands, the second reads what the first wrote": {
        "output_files": ["clip.mp4", "thumbnail.jpg"],
        "ffmpeg_commands": [
            "-f lavfi -i testsrc2=duration=2:size=320x180 -c:v libx264 -pix_fmt yuv420p {{clip.mp4}}",
            "-i {{clip.mp4}} -ss 1 -frames:v 1 {{thumbnail.jpg}}",
        ],
    },
    "A stream in parts, kept by a glob": {
        "output_files": ["stream.m3u8", "part*.ts"],
        "ffmpeg_commands": [
            (
                "-f lavfi -i testsrc2=duration=4:size=320x180 -c:v libx264 -g 25 -hls_time 1 -hls_list_size 0 "
                "-hls_segment_filename outputs/part%03d.ts {{stream.m3u8}}"
            )
        ],
        "timeout_seconds": 60,
    },
}

BATCH_EXAMPLE: dict[str, Any] = {
    "jobs": [
        {
            "output_files": ["card.png"],
            "ffmpeg_commands": [f"-f lavfi -i testsrc2=size={size} -frames:v 1 {{{{card.png}}}}"],
            "metadata": {"size": size},
        }
        for size in ("640x360", "320x180")
    ]
}


def _body(*names: str) -> dict[str, Any]:
    """The body of a create, with the examples of those names."""
    return body("JobRequest", {name: EXAMPLES[name] for name in names})


def _links(job: str) -> dict[str, Any]:
    """Where an answer leads that holds a job's id at `job` (OpenAPI 3.1, "Link Object")."""
    return {
        name: {"operationId": name, "parameters": {"job_id": f"$response.body#{job}"}}
        for name in ("get_job", "get_job_logs", "cancel_job")
    }


_JOB = {
    "model": JobAnswer,
    "description": "The job. A job that failed is answered so, too.",
    "links": _links("/data/id"),
}
_WAIT = query(
    "wait",
    "`true` holds the answer until the job has ended, and cancels it after 15 minutes (the operator may set another"
    " limit). Blanks are sent before the JSON to keep the connection alive.",
    type="boolean",
    default=False,
)

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of your choice, up to 255 characters: the same request under the same key gives the first"
    " one's jobs again, for 24 hours, so it may be sent until it is answered.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

CREATE = route(
    "create_job",
    "Create a job",
    "Runs FFmpeg commands on files. The answer comes as soon as the job is durable; with `?wait=true`, when it has"
    " ended. The body is read as JSON whatever its Content-Type; unknown fields are ignored and named in `warnings`.",
    _JOB,
    *(400, 401, 409, 413, 503),
    extra={"parameters": [_WAIT, _KEY], **_body(*EXAMPLES)},
)
CREATE_TOO: Route = {
    **CREATE,
    "operation_id": "create_job_too",
    "summary": "Create a job, by another path",
    "description": "The same as `POST /api/ffmpeg`.",
    "openapi_extra": {"parameters": [_WAIT, _KEY], **_body(next(iter(EXAMPLES)))},
}
BATCH = route(
    "create_jobs",
    "Create many jobs",
    "Up to 1,000 jobs in one request, all of them or none: the message of a refusal says which one is wrong. They begin"
    " in their order.",
    {"model": BatchAnswer, "description": "The jobs, in their order.", "links": _links("/data/0/id")},
    *(400, 401, 409, 413, 503),
    extra={"parameters": [_KEY], **body("BatchRequest", {"Two pictures": BATCH_EXAMPLE})},
)
LIST = route(
    "list_jobs",
    "List jobs",
    "Your account's jobs, newest first: all, or those that match every condition given. A page ends early at 16 MiB;"
    " `limit` in the answer says what was used.",
    {"model": JobListAnswer, "description": "A page of jobs.", "links": _links("/data/0/id")},
    *(400, 401, 503),
    extra={
        "parameters": [
            query("limit", "How many jobs; more than 100 is taken as 100.", type="integer", minimum=1, default=50),
            query("offset", "How many to skip.", type="integer", minimum=0, maximum=10_000, default=0),
            query("cursor", "In place of `offset`: `nextCursor` of the page before.", type="string"),
            query("status", "Only jobs in this state.", type="string"),
            query("machine", "Only jobs of this pool.", type="string"),
            query("created_from", "Only jobs created then or later.", type="string", format="date-time"),
            query("created_before", "Only jobs created before.", type="string", format="date-time"),
            query("metadata.NAME", "Only jobs whose metadata has this value under NAME.", type="string"),
        ]
    },
)
GET = route("get_job", "Get a job", "The job as it is now.", _JOB, 401, 404, 503)
CANCEL = route(
    "cancel_job",
    "Cancel a job",
    "A queued job never starts; a running one is stopped within a second. A job that has ended stays as it is. The body"
    " does not matter.",
    _JOB,
    *(401, 404, 503),
)
LOGS = route(
    "get_job_logs",
    "Read a job's log",
    "Each command line, what ffmpeg printed, its exit code, CPU seconds and peak memory, as text of at most 4 MiB."
    " Empty until the first attempt has ended.",
    {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The log."},
    *(401, 404, 503),
)
DELETE_FILES = route(
    "delete_job_files",
    "Delete a job's files",
    "Deletes all outputs of a job that has ended, at once: `output_files` is empty from then on, and `files_deleted_at`"
    " says since when. A job that still waits to read one of them fails. Asked for again, it changes nothing.",
    _JOB,
    *(401, 404, 409, 503),
)
DELETE_FILES["responses"][409] |= {"description": "`conflict`: the job has not ended; cancel it first."}
DELETE_FILES["responses"][503] |= {
    "description": "`unavailable`: database or store cannot be reached. Where it is the store, the job has no files any"
    " more, and the store's are deleted later. Try again to be sure."
}
WORKERS = route(
    "list_workers",
    "List the workers",
    "Which workers are registered, and what each has at work. Needs an administrator's key.",
    {"model": WorkersAnswer, "description": "All workers."},
    *(401, 403, 503),
)
HEALTH = route(
    "healthz", "Is the process up?", "Needs no key.", {"model": UpAnswer, "description": "The process is up."}
)
READY = route(
    "readyz",
    "Can the service work?",
    "Asks database and store, and looks for a live worker in each configured pool. Needs no key.",
    {"model": ReadyAnswer, "description": "All is there."},
)
READY["responses"][503] = {"model": UnreadyAnswer, "description": "Something is missing; `message` says what."}

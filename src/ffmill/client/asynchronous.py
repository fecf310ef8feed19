"""The client, for event loops; `Ffmill` is the same without one."""

import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx

from ffmill.client import files, streams
from ffmill.client.calls import Calls
from ffmill.client.checks import Validation, validation_of
from ffmill.client.events import Event
from ffmill.client.files import AsyncSource, OnBytes
from ffmill.client.job import Job, job_of, jobs_of, page_of
from ffmill.client.streams import ACCOUNT, Deadline
from ffmill.client.wire import AsyncWire, Wire

URL = "http://127.0.0.1:8000"  # where `ffmill serve` listens unless told otherwise
TIMEOUT = httpx.Timeout(60, connect=10)  # seconds: of a read or a write, and of connecting
PAGE = 100
OnJob = Callable[[Job], None]


class AsyncFfmill:
    """A service and a key for it. Every method raises ClientError, mostly one of its subclasses.

    `url` and `api_key` are those of the variables FFMILL_URL and FFMILL_API_KEY unless given; `timeout` bounds each
    read and write in seconds; `transport` is httpx's, for tests.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._use(AsyncWire(httpx.AsyncClient(timeout=timeout, transport=transport)), url, api_key)

    def _use(self, wire: Wire, url: str | None, api_key: str | None) -> None:
        self.url = (url or os.environ.get("FFMILL_URL") or URL).rstrip("/")
        self._calls = Calls(wire, self.url, api_key or os.environ.get("FFMILL_API_KEY", ""))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes all connections."""
        await self._calls.wire.close()

    async def submit(
        self,
        commands: str | Sequence[str],
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Sequence[str],
        webhook_url: str | None = None,
        machine: str | None = None,
        timeout_seconds: int | None = None,
        priority: int | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Makes a job: when this returns, it is durable.

        `inputs` are URLs by name, `outputs` names or patterns, as the commands write them in double braces. Sent again
        after a broken connection it makes no second job, for which each call has an `idempotency_key` of its own.
        """
        body = body_of(
            commands,
            inputs=inputs or {},
            outputs=outputs,
            webhook_url=webhook_url,
            machine=machine,
            timeout_seconds=timeout_seconds,
            priority=priority,
            metadata=metadata,
        )
        return await self.submit_body(body, idempotency_key=idempotency_key)

    async def submit_body(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Job:
        """Makes the job that a body describes, as the API has it."""
        return job_of(await self._calls.data("POST", "/api/ffmpeg", dict(body), Idempotency_Key=_key(idempotency_key)))

    async def submit_many(
        self, bodies: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> list[Job]:
        """Makes up to 1,000 jobs, all or none, each described as `body_of` gives it."""
        told = {"jobs": [dict(body) for body in bodies]}
        answered = await self._calls.data("POST", "/api/jobs/batch", told, Idempotency_Key=_key(idempotency_key))
        return jobs_of(answered)

    async def get(self, job: str | Job) -> Job:
        """The job as it is now."""
        return job_of(await self._calls.data("GET", f"/api/jobs/{_id(job)}"))

    async def jobs(self, **conditions: str) -> AsyncGenerator[Job]:
        """The account's jobs, newest first, page after page: all, or those that meet the conditions.

        These are named as the API has them: `status`, `machine`, `created_from`, `created_before`; metadata as
        `**{"metadata.order": "17"}`.
        """
        asked, seen = {"limit": str(PAGE), **conditions}, 0
        while True:
            page = page_of(await self._calls.read("GET", f"/api/jobs?{urlencode(asked)}"))
            for each in page.jobs:
                yield each
            if not page.more:
                return
            seen += len(page.jobs)
            asked |= {"cursor": page.cursor} if page.cursor else {"offset": str(seen)}

    async def cancel(self, job: str | Job) -> Job:
        """Cancels the job unless it has ended; the job."""
        return job_of(await self._calls.data("POST", f"/api/jobs/{_id(job)}/cancel", {}))

    async def logs(self, job: str | Job) -> str:
        """The log of the job's last attempt."""
        return (await self._calls.call("GET", f"/api/jobs/{_id(job)}/logs")).decode(errors="replace")

    async def delete_files(self, job: str | Job) -> Job:
        """Deletes the outputs of a job that has ended; the job."""
        return job_of(await self._calls.data("DELETE", f"/api/jobs/{_id(job)}/files"))

    async def wait(
        self,
        job: str | Job,
        *,
        on_progress: OnJob | None = None,
        timeout_seconds: float | None = None,
        check: bool = True,
    ) -> Job:
        """The job once it has ended; `on_progress` is told of each change on the way.

        Raises JobFailed and JobCancelled unless `check` is false, and TimedOut after `timeout_seconds`, some seconds
        more or less: the job itself goes on.
        """
        deadline = Deadline(seconds=timeout_seconds)
        job = await self.get(job) if isinstance(job, str) else job
        return await streams.wait(self._calls, job, on_progress=on_progress, deadline=deadline, check=check)

    async def events(
        self, job: str | Job, *, last_event_id: str | None = None, types: Sequence[str] = ()
    ) -> AsyncGenerator[Event]:
        """What the job does, as it does it, until it has ended; a stream that breaks off is taken up again.

        `types` chooses kinds: status, progress, log, output, end.
        """
        path = f"/api/jobs/{_id(job)}/events"
        async for event in streams.stream(self._calls, path, last_event_id=last_event_id, types=types):
            yield event

    async def account_events(
        self, *, last_event_id: str | None = None, types: Sequence[str] = ()
    ) -> AsyncGenerator[Event]:
        """What all jobs of the account do, without end."""
        async for event in streams.stream(self._calls, ACCOUNT, last_event_id=last_event_id, types=types):
            yield event

    async def upload(self, source: AsyncSource, *, name: str | None = None, on_progress: OnBytes | None = None) -> str:
        """Brings up a file, given by path, bytes or open in binary mode; the URL that stands for it in `inputs`.

        It may also come in pieces, as through a pipe: an asynchronous iterable of bytes. By `name`, or the
        file's own, it has its media type. `on_progress` is given the bytes that are sent and those in all, or
        None where that is not known. A broken upload begins anew where the source can be read again.
        """
        return await files.upload(self._calls, source, name, on_progress)

    async def download(
        self,
        source: str | Job,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        on_progress: OnBytes | None = None,
    ) -> Path:
        """Fetches a file, by its URL, or the output `name` of a job, to `path`: whole, or not there.

        A job with a single output needs no `name`. A download that breaks off is taken up where it was. Raises
        ValueError where the job has no such output, or more than one.
        """
        url = source if isinstance(source, str) else files.output_of(source, name)
        return await files.download(self._calls, url, Path(path), on_progress)

    async def download_all(self, job: Job, directory: str | os.PathLike[str] = ".") -> list[Path]:
        """Fetches all outputs of a job into a directory that is there, each under its own name."""
        there = Path(directory)
        return [await self.download(url, files.place_in(there, name)) for name, url in job.output_files.items()]

    async def probe(self, url: str, *, timeout_seconds: int | None = None) -> dict[str, Any]:
        """What ffprobe says of a file: its format, streams and chapters."""
        limit = {} if timeout_seconds is None else {"timeout_seconds": timeout_seconds}
        return await self._calls.data("POST", "/api/probe", {"url": url, **limit})

    async def validate(
        self,
        commands: str | Sequence[str],
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Sequence[str],
        machine: str | None = None,
    ) -> Validation:
        """What would become of a job, without making it."""
        return await self.validate_body(body_of(commands, inputs=inputs or {}, outputs=outputs, machine=machine))

    async def validate_body(self, body: Mapping[str, Any]) -> Validation:
        """The same of a body as the API has it."""
        return validation_of(await self._calls.data("POST", "/api/ffmpeg/validate", dict(body)))


def body_of(
    commands: str | Sequence[str], *, inputs: Mapping[str, str], outputs: Sequence[str], **more: object
) -> dict[str, Any]:
    """A job as the API has it; of `more`, what is None is left out."""
    return {
        "input_files": dict(inputs),
        "output_files": list(outputs),
        "ffmpeg_commands": [commands] if isinstance(commands, str) else list(commands),
        **{name: value for name, value in more.items() if value is not None},
    }


def _id(job: str | Job) -> str:
    return quote(job, safe="") if isinstance(job, str) else job.id


def _key(given: str | None) -> str:
    return given or uuid4().hex

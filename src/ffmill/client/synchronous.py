"""The client without an event loop: the same methods, each run to its end."""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from ffmill.client.asynchronous import TIMEOUT, AsyncFfmill, OnJob
from ffmill.client.checks import Validation
from ffmill.client.events import Event
from ffmill.client.files import OnBytes, Source
from ffmill.client.job import Job
from ffmill.client.running import iterate, run
from ffmill.client.wire import SyncWire


class _Blocking(AsyncFfmill):
    """Over a wire that blocks."""

    def __init__(
        self,
        url: str | None,
        api_key: str | None,
        *,
        timeout: float | httpx.Timeout,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._use(SyncWire(httpx.Client(timeout=timeout, transport=transport)), url, api_key)


class Ffmill:
    """A service and a key for it; its methods are those of AsyncFfmill, which says what each takes and gives."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = _Blocking(url, api_key, timeout=timeout, transport=transport)
        self.url = self._client.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        run(self._client.close())

    def submit(
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
        """Makes a job: when this returns, it is durable."""
        making = self._client.submit(
            commands,
            inputs=inputs,
            outputs=outputs,
            webhook_url=webhook_url,
            machine=machine,
            timeout_seconds=timeout_seconds,
            priority=priority,
            metadata=metadata,
            idempotency_key=idempotency_key,
        )
        return run(making)

    def submit_body(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Job:
        """Makes the job that a body describes, as the API has it."""
        return run(self._client.submit_body(body, idempotency_key=idempotency_key))

    def submit_many(self, bodies: Iterable[Mapping[str, Any]], *, idempotency_key: str | None = None) -> list[Job]:
        """Makes up to 1,000 jobs, all or none."""
        return run(self._client.submit_many(bodies, idempotency_key=idempotency_key))

    def get(self, job: str | Job) -> Job:
        """The job as it is now."""
        return run(self._client.get(job))

    def jobs(self, **conditions: str) -> Generator[Job]:
        """The account's jobs, newest first, page after page."""
        return iterate(self._client.jobs(**conditions))

    def cancel(self, job: str | Job) -> Job:
        """Cancels the job unless it has ended; the job."""
        return run(self._client.cancel(job))

    def logs(self, job: str | Job) -> str:
        """The log of the job's last attempt."""
        return run(self._client.logs(job))

    def delete_files(self, job: str | Job) -> Job:
        """Deletes the outputs of a job that has ended; the job."""
        return run(self._client.delete_files(job))

    def wait(
        self,
        job: str | Job,
        *,
        on_progress: OnJob | None = None,
        timeout_seconds: float | None = None,
        check: bool = True,
    ) -> Job:
        """The job once it has ended; raises JobFailed and JobCancelled unless `check` is false."""
        return run(self._client.wait(job, on_progress=on_progress, timeout_seconds=timeout_seconds, check=check))

    def events(
        self, job: str | Job, *, last_event_id: str | None = None, types: Sequence[str] = ()
    ) -> Generator[Event]:
        """What the job does, as it does it, until it has ended."""
        return iterate(self._client.events(job, last_event_id=last_event_id, types=types))

    def account_events(self, *, last_event_id: str | None = None, types: Sequence[str] = ()) -> Generator[Event]:
        """What all jobs of the account do, without end."""
        return iterate(self._client.account_events(last_event_id=last_event_id, types=types))

    def upload(self, source: Source, *, name: str | None = None, on_progress: OnBytes | None = None) -> str:
        """Brings up a file; the URL that stands for it in `inputs`."""
        return run(self._client.upload(source, name=name, on_progress=on_progress))

    def download(
        self,
        source: str | Job,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        on_progress: OnBytes | None = None,
    ) -> Path:
        """Fetches a file, by its URL, or the output `name` of a job, to `path`: whole, or not there."""
        return run(self._client.download(source, path, name=name, on_progress=on_progress))

    def download_all(self, job: Job, directory: str | os.PathLike[str] = ".") -> list[Path]:
        """Fetches all outputs of a job into a directory that is there."""
        return run(self._client.download_all(job, directory))

    def probe(self, url: str, *, timeout_seconds: int | None = None) -> dict[str, Any]:
        """What ffprobe says of a file."""
        return run(self._client.probe(url, timeout_seconds=timeout_seconds))

    def validate(
        self,
        commands: str | Sequence[str],
        *,
        inputs: Mapping[str, str] | None = None,
        outputs: Sequence[str],
        machine: str | None = None,
    ) -> Validation:
        """What would become of a job, without making it."""
        return run(self._client.validate(commands, inputs=inputs, outputs=outputs, machine=machine))

    def validate_body(self, body: Mapping[str, Any]) -> Validation:
        """The same of a body as the API has it."""
        return run(self._client.validate_body(body))

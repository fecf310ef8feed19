"""Event streams over a socket: what they tell, how they are resumed, and how they end."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from ffmill.accounts import api_keys
from ffmill.api import streaming
from ffmill.api.connection import BoundedConnection
from ffmill.api.server import STOP_SECONDS, Server
from ffmill.config import Settings
from ffmill.events import feed, repository, stories
from ffmill.events.watches import Channel
from tests.events import Event, Hand, follow, hand, until
from tests.integration.outages import close_all

from .conftest import PICTURE, Service, open_service

LINES = [f"line {n}" for n in range(1, 6)]


@dataclass(frozen=True, kw_only=True)
class Api:
    """The API on a socket, a client of it, a worker."""

    service: Service
    server: Server
    address: tuple[str, int]
    client: httpx.AsyncClient
    worker: Hand

    async def submit(self, **fields: Any) -> str:
        """The id of a new job."""
        answer = await self.client.post("/api/ffmpeg", json=PICTURE | fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["id"]

    async def cancel(self, job_id: str) -> None:
        """Cancels a job."""
        assert (await self.client.post(f"/api/jobs/{job_id}/cancel")).status_code == 200

    def job(self, job_id: str, query: str = "", last: str | None = None) -> Any:
        """A stream of a job."""
        return follow(self.client, f"/api/jobs/{job_id}/events{query}", last)

    def account(self, query: str = "", last: str | None = None) -> Any:
        """A stream of all jobs."""
        return follow(self.client, f"/api/events{query}", last)


@pytest.fixture
async def api(service: Service) -> AsyncGenerator[Api]:
    async with serving(service) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the feed read more often."""
    monkeypatch.setattr(feed, "READ_SECONDS", 0.02)


@asynccontextmanager
async def serving(service: Service) -> AsyncGenerator[Api]:
    """The API on a socket."""
    async with (
        asyncio.timeout(60),
        service.served() as (host, port, server),
        service.client(f"http://{host}:{port}") as client,
    ):
        worker = await hand(service.parts.pool)
        yield Api(service=service, server=server, address=(host, port), client=client, worker=worker)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def texts(events: list[Event]) -> list[str]:
    return [event.data["text"] for event in events if event.kind == "log"]


async def test_a_stream_follows_a_job_from_its_queue_to_its_end(api: Api) -> None:
    job_id = await api.submit()
    async with api.job(job_id) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream"
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        (queued,) = await stream.until("status")
        assert (queued.data["status"], queued.data["attempt"], queued.data["status_detail"]) == ("queued", 0, None)
        job = await api.worker.claim()
        (running,) = await stream.until("status")
        assert (running.data["status"], running.data["attempt"]) == ("running", 1)
        await api.worker.tell(job, *LINES[:2], percent=25.0, frame=7, bytes_written=512)
        progress, *log = await stream.until("log") + await stream.until("log")
        assert progress.data == {
            "job_id": job_id,
            "attempt": 1,
            "progress": 25.0,
            "command_index": 0,
            "commands_total": 1,
            **dict.fromkeys(("fps", "speed", "eta_seconds", "out_time_seconds")),
            "frame": 7,
            "bytes_written": 512,
        }
        assert [event.data for event in log] == [
            {"job_id": job_id, "attempt": 1, "line": n, "text": f"line {n}"} for n in (1, 2)
        ]
        await api.worker.tell(job, *LINES[:2], outputs=1, percent=25.0, frame=7, bytes_written=512)
        (output,) = await stream.until("output")
        assert output.data == {"job_id": job_id, "attempt": 1, "name": "0.png", "bytes": 1}
        await api.worker.finish(job, *LINES, outputs=2)
        rest = await stream.rest()
    assert kinds(rest) == ["log", "log", "log", "output", "status", "end"]
    assert rest[-1].data.keys() == (await api.client.get(f"/api/jobs/{job_id}")).json()["data"].keys()
    assert list(rest[-1].data["output_files"]) == ["0.png", "1.png"]


async def test_a_job_that_has_ended_tells_all_of_it_and_closes(api: Api) -> None:
    job_id = await api.submit()
    await api.worker.finish(await api.worker.claim(), *LINES, outputs=1)
    async with api.job(job_id) as stream:
        events = await stream.rest()
    assert kinds(events) == ["log"] * 5 + ["output", "status", "end"]


@pytest.mark.parametrize("told", range(8))
async def test_a_stream_that_is_resumed_repeats_nothing_and_misses_nothing(
    api: Api, settings: Settings, told: int
) -> None:
    """Whatever was told last, and by another API process."""
    job_id = await api.submit()
    await api.worker.finish(await api.worker.claim(), *LINES, outputs=1)
    async with api.job(job_id) as stream:
        events = await stream.rest()
    async with open_service(settings) as other:
        headers = {"Last-Event-ID": events[told].id, "Authorization": f"Bearer {api.service.key}"}
        answer = await other.client().get(f"/api/jobs/{job_id}/events", headers=headers)
    if told == len(events) - 1:
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        ids = [line.removeprefix("id: ") for line in answer.text.splitlines() if line.startswith("id: ")]
        assert ids == [event.id for event in events[told + 1 :]]


async def test_a_running_job_is_resumed_where_it_was_left(api: Api) -> None:
    job_id = await api.submit()
    job = await api.worker.claim()
    await api.worker.tell(job, *LINES[:3], outputs=1)
    async with api.job(job_id) as stream:
        left = (await stream.until("output"))[-1].id
    await api.worker.tell(job, *LINES, outputs=2)
    async with api.job(job_id, last=left) as stream:
        events = await stream.until("output")
    assert kinds(events) == ["progress", "log", "log", "output"]
    assert texts(events) == LINES[3:]


async def test_lines_that_were_missed_are_a_gap(api: Api) -> None:
    job_id = await api.submit()
    job = await api.worker.claim()
    await api.worker.tell(job, "line 8", "line 9", count=9)
    async with api.job(job_id, "?types=log,gap", last="1.2.0.running.0") as stream:
        events = await stream.until("log") + await stream.until("log")
    assert kinds(events) == ["gap", "log", "log"]
    assert events[0].data == {"job_id": job_id, "attempt": 1, "lines": 5}
    assert [event.data["line"] for event in events[1:]] == [8, 9]


async def test_of_a_long_log_of_a_job_that_has_ended_the_last_lines_are_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "READ", repository.READ.replace(str(repository.LOG_CHARACTERS), "20"))
    monkeypatch.setattr("ffmill.events.rows.LOG_CHARACTERS", 20)
    job_id = await api.submit()
    await api.worker.finish(await api.worker.claim(), *LINES)
    async with api.job(job_id, "?types=log,gap,end") as stream:
        events = await stream.rest()
    assert kinds(events) == ["gap", "log", "log", "end"]
    assert (events[0].data["lines"], texts(events)) == (3, LINES[3:])


async def test_another_attempt_tells_its_log_from_the_first_line(api: Api) -> None:
    job_id = await api.submit()
    async with api.job(job_id, "?types=status,log") as stream:
        await stream.until("status")
        first = await api.worker.claim()
        await api.worker.tell(first, "of the first")
        await stream.until("log")
        await api.worker.hand_back(first)
        (back,) = await stream.until("status")
        assert back.data["status"] == "queued"
        second = await api.worker.claim()
        await api.worker.tell(second, "of the second")
        events = await stream.until("log")
    assert kinds(events) == ["status", "log"]
    assert events[1].data == {"job_id": job_id, "attempt": 2, "line": 1, "text": "of the second"}


async def test_a_queued_job_without_a_worker_says_so(api: Api) -> None:
    async with api.worker.pool.connection() as connection:
        await connection.execute("DELETE FROM workers")
    async with api.job(await api.submit()) as stream:
        (status,) = await stream.until("status")
    assert "no worker of the machine cpu" in status.data["status_detail"]


async def test_types_choose_what_is_told(api: Api) -> None:
    job_id = await api.submit()
    async with api.job(job_id, "?types=end,output") as stream:
        await api.worker.finish(await api.worker.claim(), *LINES, outputs=1)
        assert kinds(await stream.rest()) == ["output", "end"]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/api/jobs/{job}/events?types=status,nonsense", "nonsense"),
        ("/api/jobs/{job}/events?types=", "types"),
        ("/api/jobs/{job}/events?last_event_id=1.2.3", "Last-Event-ID"),
        ("/api/jobs/{job}/events?last_event_id=2026-01-31T12:00:00Z", "Last-Event-ID"),
        ("/api/events?types=status,,end", "types"),
        ("/api/events?last_event_id=1.0.0.running.0", "Last-Event-ID"),
        ("/api/events?last_event_id=2026-01-31T12:00:00", "Last-Event-ID"),
    ],
    ids=range(7),
)
async def test_what_is_malformed_is_refused(api: Api, path: str, word: str) -> None:
    answer = await api.client.get(path.format(job=await api.submit()))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "validationError")
    assert word in answer.json()["message"]


async def test_a_job_of_another_account_is_not_there(api: Api, stranger: httpx.AsyncClient) -> None:
    job_id = await api.submit()
    assert (await stranger.get(f"/api/jobs/{job_id}/events")).status_code == 404
    assert (await api.client.get("/api/jobs/nothing/events")).status_code == 404


async def test_head_is_not_taken(api: Api) -> None:
    answer = await api.client.head("/api/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_an_account_is_told_of_all_its_jobs(api: Api) -> None:
    async with api.account() as stream:
        first, second = await api.submit(), await api.submit()
        seen = [*await stream.until("status"), *await stream.until("status")]
        assert [(event.data["job_id"], event.data["status"]) for event in seen] == [
            (first, "queued"),
            (second, "queued"),
        ]
        job = await api.worker.claim()
        await stream.until("status")
        await api.worker.tell(job, *LINES, percent=50.0)
        (progress,) = await stream.until("progress")
        assert progress.data["job_id"] == first
        await api.cancel(second)
        status, end = await stream.until("end")
        assert (status.data["status"], end.data["id"], end.data["status"]) == ("cancelled", second, "cancelled")
        await api.worker.finish(job, *LINES, outputs=1)
        assert kinds(await stream.until("end")) == ["output", "status", "end"]


async def test_an_account_is_told_of_logs_where_it_asks_for_them(api: Api) -> None:
    async with api.account("?types=log,end") as stream:
        await api.submit()
        job = await api.worker.claim()
        await api.worker.tell(job, *LINES[:3])
        assert texts([*await stream.until("log"), *await stream.until("log"), *await stream.until("log")]) == LINES[:3]
        await api.worker.finish(job, *LINES)
        assert texts(await stream.until("end")) == LINES[3:]


async def test_an_account_is_told_of_none_of_anothers_jobs(api: Api, stranger: httpx.AsyncClient) -> None:
    async with api.account() as stream:
        theirs = (await stranger.post("/api/ffmpeg", json=PICTURE)).json()["data"]["id"]
        await stranger.post(f"/api/jobs/{theirs}/cancel")
        ours = await api.submit()
        await api.cancel(ours)
        events = await stream.until("end")
    assert {event.data.get("job_id", ours) for event in events} == {ours}


async def test_an_account_that_is_resumed_is_told_what_ended_meanwhile(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "ENDED", repository.ENDED.replace(f"LIMIT {repository.MOST_ENDED}", "LIMIT 2"))
    async with api.account() as stream:
        await api.submit()
        left = (await stream.until("status"))[-1].id
    ended = [await api.submit() for _ in range(5)]
    for job_id in ended:
        await api.cancel(job_id)
    running = await api.worker.claim()
    async with api.account("?types=end,status", last=left) as stream:
        events = [event for _ in ended for event in await stream.until("end")]
        now = await stream.until("status")
    assert [event.data["id"] for event in events if event.kind == "end"] == ended
    assert now[-1].data["job_id"] == str(running.id)
    async with api.account("?types=end", last=events[-1].id) as stream:
        again = [event.data["id"] for _ in ended for event in await stream.until("end")]
    assert again == ended, "what ended within the last minute may come twice"


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"], ids=["first", "last"])
async def test_a_stream_is_resumed_from_whatever_time(api: Api, time: str) -> None:
    async with api.account("?types=end,status", last=time) as stream:
        job_id = await api.submit()
        await stream.until("status")
        await api.cancel(job_id)
        assert (await stream.until("end"))[-1].data["id"] == job_id


async def test_an_end_is_told_once_to_those_who_stay(api: Api) -> None:
    async with api.account("?types=end") as stream:
        ids = [await api.submit() for _ in range(3)]
        for job_id in ids:
            await api.cancel(job_id)
        told = [(await stream.until("end"))[-1].data["id"] for _ in ids]
        last = await api.submit()
        await api.cancel(last)
        told += [(await stream.until("end"))[-1].data["id"]]
    assert told == [*ids, last]


async def test_what_ended_while_nobody_listened_is_told_afterwards(api: Api) -> None:
    async with api.account("?types=end,status") as stream:
        job_id = await api.submit()
        await stream.until("status")
        async with api.worker.pool.connection() as connection:  # no word of it
            await connection.execute(
                "UPDATE jobs SET status = 'cancelled', finished_at = now() WHERE id = %s", (job_id,)
            )
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            )
        assert (await stream.until("end"))[-1].data["id"] == job_id


async def test_a_stream_outlives_an_outage_of_the_database(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[int] = []
    real = repository.read

    async def failing(*arguments: Any, **named: Any) -> Any:
        if len(failed) < 3:
            failed.append(1)
            raise psycopg.OperationalError("terminating connection due to administrator command")
        return await real(*arguments, **named)

    job_id = await api.submit()
    async with api.job(job_id) as of_job, api.account("?types=end") as of_account:
        await of_job.until("status")
        monkeypatch.setattr(repository, "read", failing)
        close_all(database_url)
        await until(lambda: len(failed) == 3)
        await api.service.parts.jobs.cancel(api.service.account, (await api.worker.claim()).id)
        assert kinds(await of_job.rest())[-1] == "end"
        assert (await of_account.until("end"))[-1].data["id"] == job_id


async def test_silence_is_broken_by_comments(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = await api.submit()
    monkeypatch.setattr(streaming.EventStream.__init__, "__kwdefaults__", {"silent_seconds": 0.02})
    async with api.job(job_id, "?types=end") as stream:
        waiting = asyncio.create_task(stream.rest())
        while len(stream.comments) < 3:
            await asyncio.wait([waiting], timeout=0.01)
        await api.cancel(job_id)
        assert kinds(await waiting) == ["end"]


async def test_a_server_that_stops_ends_its_streams_in_order(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    async with api.job(await api.submit()) as of_job, api.account() as of_account:
        await of_job.until("status")
        await of_account.until("status")
        api.server.stop()
        began = loop.time()
        assert await of_job.rest() == await of_account.rest() == []
        assert loop.time() - began < STOP_SECONDS
    assert not [line for line in caplog.records if line.name.startswith("uvicorn")]


async def test_a_stream_is_closed_when_its_job_is_deleted(api: Api) -> None:
    async with api.job(await api.submit()) as stream:
        await stream.until("status")
        async with api.worker.pool.connection() as connection:
            await connection.execute("DELETE FROM jobs")
        assert await stream.rest() == []


async def test_streams_of_a_key_that_was_revoked_are_closed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "KEYS_SECONDS", 0)
    job_id = await api.submit()
    async with api.worker.pool.connection() as connection:
        key, made = await api_keys.create(connection, api.service.account.id, "short-lived")
    client = api.service.client(str(api.client.base_url), key=key)
    async with client, follow(client, f"/api/jobs/{job_id}/events") as theirs, api.job(job_id) as ours:
        await theirs.until("status")
        async with api.worker.pool.connection() as connection:
            await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %s", (made.id,))
        assert await theirs.rest() == []
        await ours.until("status")
        await api.cancel(job_id)
        assert (await ours.until("end"))[-1].data["id"] == job_id


async def test_an_account_has_so_many_streams_and_no_more(settings: Settings) -> None:
    async with open_service(settings.model_copy(update={"max_streams": 2})) as service, serving(service) as api:
        async with api.job(await api.submit()) as first:
            await first.until("status")
            async with api.account() as second:
                await second.until("status")
                answer = await api.client.get("/api/events")
                assert (answer.status_code, answer.json()["errorCode"]) == (429, "tooManyRequests")
                assert int(answer.headers["retry-after"]) > 0
            await left(api, 1)
            async with api.account() as second:
                await second.until("status")
        await left(api, 0)


async def left(api: Api, count: int) -> None:
    """Returns when so many streams are open; a server hears a little later that its client is gone."""
    await until(lambda: api.service.parts.feed.streams(api.service.account.id) == count)


async def test_a_client_that_stops_reading_is_let_go(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedConnection, "unread_seconds", 0.05)
    made: asyncio.Queue[BoundedConnection] = asyncio.Queue()
    real: Callable[..., None] = BoundedConnection.connection_made

    def noting(self: BoundedConnection, transport: asyncio.Transport) -> None:
        real(self, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        made.put_nowait(self)

    job_id = await api.submit()
    await api.worker.finish(await api.worker.claim(), *["x" * 1000] * 250)
    monkeypatch.setattr(BoundedConnection, "connection_made", noting)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, api.address)
        connection = await made.get()
        head = f"GET /api/jobs/{job_id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.service.key}\r\n\r\n"
        client.send(head.encode())
        await until(connection.transport.is_closing)
        await left(api, 0)


async def test_a_stream_that_is_late_reads_what_it_missed_in_the_database(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ffmill.events.watches.BATCHES", 1)
    pages: list[int] = []
    real = stories.AccountStory._page  # pyright: ignore[reportPrivateUsage]

    async def counting(self: Any, *arguments: Any) -> Any:
        pages.append(1)
        return await real(self, *arguments)

    monkeypatch.setattr(stories.AccountStory, "_page", counting)
    go = asyncio.Event()
    block = streaming.EventStream._block  # pyright: ignore[reportPrivateUsage]

    async def slow(self: streaming.EventStream, told: stories.Told) -> AsyncGenerator[bytes]:
        await go.wait()
        async for part in block(self, told):
            yield part

    monkeypatch.setattr(streaming.EventStream, "_block", slow)
    async with api.account("?types=end") as stream:
        ids = [await api.submit() for _ in range(3)]
        for job_id in ids:
            batch = channel(api).number
            await api.cancel(job_id)
            await until(lambda batch=batch: channel(api).number > batch)
        go.set()
        assert [(await stream.until("end"))[-1].data["id"] for _ in ids] == ids
    assert pages


def channel(api: Api) -> Channel:
    """What the account's streams look at."""
    (only,) = api.service.parts.feed._channels.values()  # pyright: ignore[reportPrivateUsage]
    return only


async def test_metrics_count_a_stream_when_it_is_over_by_how_soon_it_began(api: Api) -> None:
    job_id = await api.submit()
    await api.cancel(job_id)
    async with api.job(job_id) as stream:
        assert kinds(await stream.rest()) == ["status", "end"]
    await left(api, 0)
    text = (await api.service.parts.metrics.without_database()).decode()
    (line,) = [
        line for line in text.splitlines() if 'route="/api/jobs/{job_id}/events"' in line and 'le="+Inf"' in line
    ]
    assert line.endswith(" 1.0")

"""One trace of a job, from its request to its webhook, as a collector gets it; and nothing where there is none."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ffmill import otlp, tracing
from ffmill.config import Settings, load_settings
from ffmill.db.pool import Pool
from ffmill.errors import CannotStart
from ffmill.queue.engine import NotYet
from ffmill.store.signing import Signer
from ffmill.store.signing_keys import load_or_create
from ffmill.worker.attempt import Attempts
from ffmill.worker.deliveries import Deliveries
from tests.integration.api.conftest import PICTURE, Service, open_service
from tests.integration.origin import Origin, Script, origin, reply, silence
from tests.integration.wiring import wired
from tests.waiting import until

CLIENT_TRACE, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{CLIENT_TRACE}-{CLIENT_SPAN}-01"
TWO: dict[str, Any] = {
    "output_files": ["card.png", "copy.png"],
    "ffmpeg_commands": [*PICTURE["ffmpeg_commands"], "-i {{card.png}} {{copy.png}}"],
}


@pytest.fixture(autouse=True)
def no_thread_left() -> Generator[None]:
    """What a thread still says would be said in the next test."""
    yield
    names = ("traces", "OtelBatchSpanRecordProcessor")
    until(lambda: not [thread for thread in threading.enumerate() if thread.name in names], "the threads end")


@dataclass(frozen=True, kw_only=True)
class House:
    """An API and a worker on one database."""

    service: Service
    pool: Pool
    attempts: Attempts
    deliveries: Deliveries

    async def create(self, body: dict[str, Any], path: str = "/api/ffmpeg", **headers: str) -> Any:
        async with self.service.client() as client:
            answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def get(self, job: Any) -> Any:
        async with self.service.client() as client:
            return (await client.get(f"/api/jobs/{job['id']}")).json()["data"]

    async def call_webhook(self) -> None:
        async with self.pool.connection() as connection:
            rows = await (await connection.execute("SELECT id FROM deliveries")).fetchall()
        await self.deliveries.deliver(rows[0][0], 1)

    async def traceparents(self) -> set[str | None]:
        """Those that the jobs keep."""
        async with self.pool.connection() as connection:
            return {row[0] for row in await (await connection.execute("SELECT traceparent FROM jobs")).fetchall()}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of both; webhooks may go to loopback."""
    loopback = (ip_network("127.0.0.0/8"),)
    return Settings(data_dir=tmp_path, database_url=database_url, sandbox="off", allow_nets=loopback, concurrency=1)  # pyright: ignore[reportArgumentType]  # pydantic makes it secret


@pytest.fixture
async def house(settings: Settings, pool: Pool) -> AsyncGenerator[House]:
    """The parts of an API and of a worker."""
    async with open_service(settings) as service, wired(settings, pool) as parts:
        async with pool.connection() as connection:
            signer = Signer(await load_or_create(connection), settings.effective_public_url)
        deliveries = Deliveries(settings, pool=pool, session=parts.session, signer=signer)
        yield House(service=service, pool=pool, attempts=parts.attempts, deliveries=deliveries)


@dataclass(frozen=True, kw_only=True)
class Collector:
    """What came to a collector."""

    server: Origin

    def spans(self) -> list[Span]:
        """All spans, in the order of their beginnings, the longer of two first."""
        found = [
            span
            for export in self.exports()
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))

    def exports(self) -> list[ExportTraceServiceRequest]:
        assert {(request.method, request.target) for request in self.server.requests} <= {("POST", "/v1/traces")}
        return [ExportTraceServiceRequest.FromString(request.body) for request in self.server.requests]

    def named(self, name: str) -> Span:
        (span,) = [span for span in self.spans() if span.name == name]
        return span


def attributes(span: Span) -> dict[str, Any]:
    """The attributes of a span, by name without `ffmill.`."""
    values = {each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in span.attributes}
    assert all(name.startswith("ffmill.") for name in values)
    return {name.removeprefix("ffmill."): value for name, value in values.items()}


@asynccontextmanager
async def traced(*scripts: Script, process: str = "test") -> AsyncGenerator[Collector]:
    """A collector that this process sends its traces to; at the end it has all of them."""
    async with (
        origin(*(scripts or (reply(),))) as server,
        tracing.exporting(Settings(otlp_endpoint=server.url("/")), process),
    ):
        yield Collector(server=server)


def tree(spans: list[Span]) -> list[tuple[str, str]]:
    """Each span's name after its parent's; what has no parent among them comes after nothing."""
    names = {span.span_id: span.name for span in spans}
    return [(names.get(span.parent_span_id, ""), span.name) for span in spans]


async def test_a_job_is_one_trace_from_its_request_to_its_webhook(house: House) -> None:
    async with origin(reply()) as receiver, traced() as collector:
        job = await house.create(TWO | {"webhook_url": receiver.url("/hook?token=hidden")}, traceparent=TRACEPARENT)
        await house.attempts.work(1)
        await house.call_webhook()
    spans = collector.spans()
    assert {span.trace_id.hex() for span in spans} == {CLIENT_TRACE}
    assert collector.named("submit").parent_span_id.hex() == CLIENT_SPAN
    steps = ["claim", "fetch", "command", "command", "keep", "finish"]
    assert tree(spans) == [
        ("", "submit"),
        ("submit", "attempt"),
        *(("attempt", step) for step in steps),
        ("submit", "webhook"),
    ]
    assert {attributes(collector.named(name))["job_id"] for name in ("submit", "attempt", "webhook")} == {job["id"]}
    (called,) = receiver.requests
    webhook = collector.named("webhook")
    assert called.headers["traceparent"] == f"00-{CLIENT_TRACE}-{webhook.span_id.hex()}-01"


async def test_spans_tell_sizes_and_states_and_no_secret(house: House) -> None:
    async with origin(reply(status=500)) as receiver, traced() as collector:
        made = await house.create(PICTURE | {"webhook_url": receiver.url("/hook?token=hidden")})
        await house.attempts.work(1)
        with pytest.raises(NotYet):
            await house.call_webhook()
    job = await house.get(made)
    attempt = attributes(collector.named("attempt"))
    assert (attempt["attempt"], attempt["machine"], attempt["status"]) == (1, "cpu", "succeeded")
    assert (attempt["input_bytes"], attempt["output_bytes"]) == (0, job["total_output_bytes"])
    command = attributes(collector.named("command"))
    assert (command["index"], command["exit_code"]) == (0, 0)
    assert command["cpu_seconds"] > 0
    assert attributes(collector.named("webhook"))["status_code"] == 500
    assert collector.named("webhook").status.code == Status.STATUS_CODE_ERROR
    sent = b"".join(request.body for request in collector.server.requests)
    for secret in (b"hidden", b"testsrc", b"card.png", house.service.key.encode(), b"Traceback"):
        assert secret not in sent


async def test_the_process_is_named_beside_the_service() -> None:
    async with traced(process="worker-cpu") as collector:
        with tracing.span("alone"):
            pass
    (resource,) = [each.resource for export in collector.exports() for each in export.resource_spans]
    named = {each.key: each.value.string_value for each in resource.attributes}
    assert (named["service.name"], named["ffmill.process"]) == ("ffmill", "worker-cpu")


async def test_a_failed_job_is_a_failed_attempt(house: House) -> None:
    async with traced() as collector:
        await house.create(PICTURE | {"ffmpeg_commands": ["-f lavfi -i nothing_of_the_kind {{card.png}}"]})
        await house.attempts.work(1)
    for name in ("attempt", "command"):
        assert collector.named(name).status.code == Status.STATUS_CODE_ERROR
    assert attributes(collector.named("command"))["exit_code"] != 0
    assert ("attempt", "keep") not in tree(collector.spans())


@pytest.mark.parametrize("header", ["", "no", "00-" + "0" * 32 + f"-{CLIENT_SPAN}-01", TRACEPARENT + "-x", "a" * 9999])
async def test_what_is_no_traceparent_is_passed_over(house: House, header: str) -> None:
    async with traced() as collector:
        await house.create(PICTURE, traceparent=header)
    submit = collector.named("submit")
    assert (submit.parent_span_id, submit.trace_id.hex() == CLIENT_TRACE) == (b"", False)


async def test_what_a_client_does_not_sample_is_not_sent(house: House) -> None:
    async with traced() as collector:
        await house.create(PICTURE, traceparent=TRACEPARENT[:-1] + "0")
        await house.attempts.work(1)
    assert collector.spans() == []


async def test_a_batch_shares_its_submit(house: House) -> None:
    async with traced() as collector:
        await house.create({"jobs": [PICTURE] * 3}, "/api/jobs/batch")
        for ticket in range(3):
            await house.attempts.work(ticket)
    submit = collector.named("submit")
    assert attributes(submit)["jobs"] == 3
    (kept,) = await house.traceparents()
    assert kept
    assert kept.split("-")[1:3] == [submit.trace_id.hex(), submit.span_id.hex()]
    assert tree(collector.spans()).count(("submit", "attempt")) == 3


async def test_a_job_that_was_made_without_a_trace_has_one_of_its_attempt(house: House) -> None:
    await house.create(PICTURE)
    async with traced() as collector:
        await house.attempts.work(1)
    assert tree(collector.spans())[:2] == [("", "attempt"), ("attempt", "claim")]


async def test_without_an_endpoint_nothing_is_kept_or_sent(house: House) -> None:
    async with origin(reply()) as receiver:
        await house.create(PICTURE | {"webhook_url": receiver.url("/hook")}, traceparent=TRACEPARENT)
        await house.attempts.work(1)
        await house.call_webhook()
    assert await house.traceparents() == {None}
    assert "traceparent" not in receiver.requests[0].headers


def test_without_an_endpoint_a_step_is_no_work_and_nothing_is_loaded() -> None:
    assert tracing.span("a", job_id="x") is tracing.follow("b", TRACEPARENT) is tracing.current() is tracing.NOTHING
    assert (tracing.traceparent(), tracing.headers()) == (None, {})
    script = "import sys, ffmill.worker.main; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0


async def test_an_exception_is_told_of_by_its_kind_alone() -> None:
    async with traced() as collector:
        with pytest.raises(ValueError, match="hidden"), tracing.span("step"):
            raise ValueError("hidden")
    step = collector.named("step")
    assert (step.status.code, step.status.message, list(step.events)) == (Status.STATUS_CODE_ERROR, "ValueError", [])


async def test_without_the_extra_the_process_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ffmill.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(CannotStart, match=r"pip install 'ffmill\[traces\]'"):
        async with tracing.exporting(Settings(otlp_endpoint="http://127.0.0.1:9"), "test"):
            pass


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://", "ftp://collector"])
def test_an_endpoint_that_is_no_url_is_refused_with_all_other_settings(endpoint: str) -> None:
    with pytest.raises(CannotStart, match="FFMILL_OTLP_ENDPOINT"):
        load_settings(otlp_endpoint=endpoint)


async def test_a_collector_that_is_down_is_told_of_once_and_does_no_harm(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "EXPORT_SECONDS", 0.1)
    monkeypatch.setattr(otlp, "EVERY_MILLISECONDS", 1)
    monkeypatch.setattr(otlp, "FLUSH_SECONDS", 10)
    tried: asyncio.Queue[None] = asyncio.Queue()
    loop, real = asyncio.get_running_loop(), otlp.OneComplaint.export

    def export(self: otlp.OneComplaint, spans: Any) -> Any:
        try:
            return real(self, spans)
        finally:
            loop.call_soon_threadsafe(tried.put_nowait, None)

    monkeypatch.setattr(otlp.OneComplaint, "export", export)
    async with tracing.exporting(Settings(otlp_endpoint="http://127.0.0.1:9"), "test"):
        for _ in range(3):
            with tracing.span("lost"):
                pass
            await tried.get()
    assert capsys.readouterr().out.count("traces cannot be sent") == 1
    assert [line for line in caplog.records if line.name.startswith("opentelemetry")] == []


async def test_the_end_does_not_wait_long_for_a_silent_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(otlp, "EXPORT_SECONDS", 0.1)
    async with asyncio.timeout(60), traced(silence()) as collector:
        with tracing.span("late"):
            pass
    assert len(collector.server.requests) <= 1


async def test_a_job_is_unharmed_by_a_silent_collector(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "EXPORT_SECONDS", 0.1)
    async with traced(silence()):
        job = await house.create(PICTURE)
        await house.attempts.work(1)
        assert (await house.get(job))["status"] == "succeeded"


async def test_timings_are_kept_with_the_job_when_it_has_ended(house: House) -> None:
    made = await house.create(TWO)
    assert made["timings"] == {}
    await house.attempts.work(1)
    timings = (await house.get(made))["timings"]
    assert sorted(timings) == ["command_seconds", "fetch_seconds", "keep_seconds", "queue_seconds"]
    assert len(timings["command_seconds"]) == 2
    assert min(timings["queue_seconds"], *timings["command_seconds"]) > 0

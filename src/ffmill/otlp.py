"""Traces by OpenTelemetry's SDK, sent by OTLP over HTTP; loaded only where an endpoint is set."""

import asyncio
import logging
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ffmill.tracing import NOTHING, Span, Value

LOG = structlog.stdlib.get_logger()
EVERY_MILLISECONDS = 1000
EXPORT_SECONDS = 5.0  # for a batch, tries included
FLUSH_SECONDS = 0.3  # `ffmill serve` gives its API 0.6 s to stop, and its workers 0.7
W3C = TraceContextTextMapPropagator()


class OtlpRecorder:
    """Makes spans and has a thread send them, some at once; what cannot be sent within some seconds is lost."""

    def __init__(self, endpoint: str, process: str) -> None:
        self._provider = TracerProvider(
            resource=Resource.create(
                {"service.name": "ffmill", "service.version": version("ffmill"), "ffmill.process": process}
            ),
            shutdown_on_exit=False,  # it would wait for half a minute
        )
        self._sender = OneComplaint(OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS))
        self._provider.add_span_processor(BatchSpanProcessor(self._sender, schedule_delay_millis=EVERY_MILLISECONDS))
        self._tracer = self._provider.get_tracer("ffmill")
        # each batch that fails would be several lines; what the operator needs to know, the sender says
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def child(self, name: str, attributes: Mapping[str, Value], began: int | None) -> AbstractContextManager[Span]:
        """A step of the current one."""
        return self._span(name, None, attributes, began)

    def follow(
        self, name: str, parent: str | None, attributes: Mapping[str, Value], began: int | None
    ) -> AbstractContextManager[Span]:
        """A step of the one that a traceparent names."""
        context = W3C.extract({"traceparent": parent} if parent else {}, Context())
        return self._span(name, context, attributes, began)

    def current(self) -> Span:
        """The current step."""
        span = trace.get_current_span()
        return RecordedSpan(span) if span.get_span_context().is_valid else NOTHING

    def traceparent(self) -> str | None:
        """How others name the current step."""
        carrier = dict[str, str]()
        W3C.inject(carrier)
        return carrier.get("traceparent")

    async def close(self) -> None:
        """Sends what is left, for a moment at most, and not where nothing can be sent; the loop goes on meanwhile."""
        # a thread of our own, which nobody waits for at exit: the SDK's shutdown ends when its last export has
        flushing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        flushing.start()
        if not self._sender.fails:
            await asyncio.to_thread(flushing.join, FLUSH_SECONDS)

    def _span(
        self, name: str, context: Context | None, attributes: Mapping[str, Value], began: int | None
    ) -> AbstractContextManager[Span]:
        span = self._tracer.start_span(name, context, attributes=_ours(attributes), start_time=began)
        return _entered(span)


class RecordedSpan(Span):
    """A step of a trace."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        """Adds attributes."""
        self._span.set_attributes(_ours(attributes))

    def fail(self, why: str) -> None:
        """Marks the step as failed."""
        self._span.set_status(trace.StatusCode.ERROR, why)


class OneComplaint(SpanExporter):
    """Sends by another exporter; says once that nothing can be sent, and once that it can be again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.fails = False  # as far as the last one tells

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends spans."""
        result = self._exporter.export(spans)
        failed, self.fails = self.fails, result is not SpanExportResult.SUCCESS
        if self.fails and not failed:
            LOG.warning("traces cannot be sent and are lost: is there a collector at FFMILL_OTLP_ENDPOINT?")
        elif failed and not self.fails:
            LOG.info("traces are sent again")
        return result

    def shutdown(self) -> None:
        """Ends."""
        self._exporter.shutdown()


@contextmanager
def _entered(span: trace.Span) -> Generator[Span]:
    """Of an exception only its kind is told: its message may hold what is a client's."""
    told = RecordedSpan(span)
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield told
        except BaseException as error:
            told.fail(type(error).__name__)
            raise


def _ours(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {f"ffmill.{name}": value for name, value in attributes.items()}

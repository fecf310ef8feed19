"""What an API process counts: what attempts and calls of webhooks took, and its own requests."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

# A job is queued for milliseconds, or for hours.
QUEUE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)
# Commands run from 50 ms to as long as a job may take, which is 6 h unless the operator says otherwise.
RUN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600)
# 4 ms without inputs, 15 to 50 ms with small ones; with large files to fetch and keep, minutes.
OVERHEAD_BUCKETS = (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 1800)
# A receiver has 15 s unless the operator says otherwise.
WEBHOOK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30)
# A request takes some milliseconds; an upload as long as its client sends.
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

MACHINE = ("machine",)
ENDS = ("succeeded", "failed", "cancelled")
RESULTS = ("delivered", "failed")


class Instruments:
    """Those of one API process, in a registry of its own; for `machines` from 0 on, for others once they have some."""

    def __init__(self, machines: Iterable[str]) -> None:
        disable_created_metrics()  # of the library as a whole: twice the series, for nothing that is asked here
        self.registry = registry = CollectorRegistry()
        self._ledger(registry)
        self._begin(machines)
        self.request_seconds = Histogram(
            "ffmill_http_request_seconds",
            "Requests to this process, from their head to the head of their answer.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS,
            registry=registry,
        )

    def _ledger(self, registry: CollectorRegistry) -> None:
        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(name, words, labels, registry=registry)

        def histogram(name: str, words: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, words, labels, buckets=buckets, registry=registry)

        self.attempts = counter("ffmill_attempts_total", "Attempts that ended.", "machine", "status")
        self.queue_seconds = histogram(
            "ffmill_job_queue_seconds", "How long jobs had been queued when they began.", QUEUE_BUCKETS, *MACHINE
        )
        self.run_seconds = histogram(
            "ffmill_job_run_seconds", "How long the commands of an attempt ran.", RUN_BUCKETS, *MACHINE
        )
        self.overhead_seconds = histogram(
            "ffmill_job_overhead_seconds",
            "How long an attempt took beside its commands, to fetch its inputs and to keep its outputs above all.",
            OVERHEAD_BUCKETS,
            *MACHINE,
        )
        self.input_bytes = counter("ffmill_input_bytes_total", "Bytes that attempts fetched.", *MACHINE)
        self.output_bytes = counter("ffmill_output_bytes_total", "Bytes that attempts kept.", *MACHINE)
        self.cpu_seconds = counter("ffmill_cpu_seconds_total", "CPU that commands took.", *MACHINE)
        self.gpu_seconds = counter("ffmill_gpu_seconds_total", "Time for which commands had a GPU.", *MACHINE)
        self.webhook_attempts = counter("ffmill_webhook_attempts_total", "Calls of webhooks.", "result")
        self.webhook_seconds = histogram(
            "ffmill_webhook_seconds", "How long receivers of webhooks took.", WEBHOOK_BUCKETS
        )

    def _begin(self, machines: Iterable[str]) -> None:
        """A counter that is first told of as 1 has never risen, as Prometheus sees it."""
        for machine in machines:
            for status in ENDS:
                self.attempts.labels(machine, status)
            for histogram in (self.queue_seconds, self.run_seconds, self.overhead_seconds):
                histogram.labels(machine)
            for counter in (self.input_bytes, self.output_bytes, self.cpu_seconds, self.gpu_seconds):
                counter.labels(machine)
        for result in RESULTS:
            self.webhook_attempts.labels(result)

"""Traces of a job, from the request that makes it to its webhook; without an endpoint nothing is loaded or done."""

# ruff: noqa: PLC0415
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Protocol, Self, TypeAlias

from ffmill.config import Settings
from ffmill.errors import CannotStart

Value: TypeAlias = str | int | float


class Span:
    """A step of a trace, as a context manager. This one is of no trace: what it is told goes nowhere."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def note(self, **attributes: Value) -> None:
        """Adds attributes, each as `ffmill.NAME`; they leave the house: no URL, command or key may be among them."""

    def fail(self, why: str) -> None:
        """Marks the step as failed; `why` is a word or two of ours."""


class Recorder(Protocol):
    """What makes spans of steps."""

    def child(self, name: str, attributes: Mapping[str, Value], began: int | None) -> AbstractContextManager[Span]:
        """A step of the current one; of none, it begins a trace."""
        ...

    def follow(
        self, name: str, parent: str | None, attributes: Mapping[str, Value], began: int | None
    ) -> AbstractContextManager[Span]:
        """A step of the one that a traceparent names; without a valid one, it begins a trace."""
        ...

    def current(self) -> Span:
        """The current step."""
        ...

    def traceparent(self) -> str | None:
        """How others name the current step (W3C Trace Context); None where there is none."""
        ...


class _Installed:
    recorder: Recorder | None = None


NOTHING = Span()
_installed = _Installed()


def now() -> int:
    """The time, as `began` takes it: nanoseconds since 1970."""
    return time.time_ns()


def span(name: str, *, began: int | None = None, **attributes: Value) -> AbstractContextManager[Span]:
    """A step of the current one; it begins now, unless `began` says when it did."""
    recorder = _installed.recorder
    return NOTHING if recorder is None else recorder.child(name, attributes, began)


def follow(
    name: str, parent: str | None, *, began: int | None = None, **attributes: Value
) -> AbstractContextManager[Span]:
    """A step of the one that `parent`, a traceparent, names; without a valid one, it begins a trace."""
    recorder = _installed.recorder
    return NOTHING if recorder is None else recorder.follow(name, parent, attributes, began)


def current() -> Span:
    """The current step."""
    return NOTHING if _installed.recorder is None else _installed.recorder.current()


def traceparent() -> str | None:
    """How others name the current step (W3C Trace Context); None where there is none, or there are no traces."""
    return None if _installed.recorder is None else _installed.recorder.traceparent()


def headers() -> dict[str, str]:
    """What a request of ours carries, so that its receiver can go on with the trace; nothing without one."""
    named = traceparent()
    return {} if named is None else {"traceparent": named}


@asynccontextmanager
async def exporting(settings: Settings, process: str) -> AsyncGenerator[None]:
    """Sends the traces of this process to the endpoint of the settings, where they name one; begins a thread.

    At the end what is left is sent, for 0.3 s at most. Raises CannotStart.
    """
    if settings.otlp_endpoint is None:
        yield
        return
    try:
        from ffmill.otlp import OtlpRecorder
    except ImportError as error:
        raise CannotStart(
            "FFMILL_OTLP_ENDPOINT needs packages that are missing: pip install 'ffmill[traces]'"
        ) from error
    before, recorder = _installed.recorder, OtlpRecorder(settings.otlp_endpoint, process)
    _installed.recorder = recorder
    try:
        yield
    finally:
        _installed.recorder = before
        await recorder.close()

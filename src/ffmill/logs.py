"""Log lines: structlog's and every library's, in one form and without secrets, on standard error."""

import logging
import sys
from collections.abc import Mapping
from io import StringIO
from typing import TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from ffmill.config import Settings
from ffmill.redaction import redact

QUIET = ("alembic", "procrastinate", "psycopg.pool", "asyncio", "uvicorn.error")
"""Libraries whose good news is none of the operator's."""


def configure(settings: Settings, **bound: str) -> None:
    """Sets the form and the least level of this process's log; `bound` goes on every line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add(bound),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(settings.log_format))
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _add(bound: dict[str, str]) -> Processor:
    def add(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {**bound, **event}

    return add


def _rendering(form: str) -> list[Processor]:
    """Exceptions without the values of variables: those hold secrets."""
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        exceptions = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        return [clean, exceptions, _without_secrets, structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback)
    return [clean, _without_secrets, console]


def _without_secrets(_: object, __: str, event: EventDict) -> EventDict:
    """Whoever writes a line need not think of what an error's text may hold; the exception is left to its renderer."""
    return {name: value if name == "exc_info" else _redacted(value) for name, value in event.items()}


def _redacted(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {redact(str(name)): _redacted(item) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list() | tuple():
            return [_redacted(item) for item in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return redact(repr(value))


def _traceback(to: TextIO, exception: ExcInfo) -> None:
    plain = StringIO()
    structlog.dev.plain_traceback(plain, exception)
    to.write(redact(plain.getvalue()))

"""Answers in JSON."""

import json
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import Response


def json_bytes(value: Any) -> bytes:
    """`value` as compact JSON in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # a lone surrogate, quoted back from a bad request, becomes its own JSON escape
    return text.encode("utf-8", "backslashreplace")


class JsonAnswer(Response):
    """An answer whose body is already plain data, written out without a look at each field."""

    media_type = "application/json"

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: dict[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        super().__init__(content, status_code, headers, media_type, background)

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)

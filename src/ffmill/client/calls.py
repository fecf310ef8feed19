"""Calls of the API: sent, sent again where that may help, refusals raised."""

import json
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ffmill.client.errors import (
    BY_CODE,
    ApiError,
    ConnectionFailed,
    ServerFault,
    TimedOut,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
)
from ffmill.client.wire import Answer, Request, Wire

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before the second try and those after it
LONGEST_PAUSE = 60.0  # however long a Retry-After asks for
PASSING = (ConnectionFailed, TimedOut, TooManyRequests, ServerFault, Unavailable)
MESSAGE_CHARACTERS = 200  # of an answer that is not ours


class Calls:
    """Calls one service with one key."""

    def __init__(self, wire: Wire, url: str, api_key: str) -> None:
        self.wire = wire
        self._url = url.rstrip("/")
        self._headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})

    async def data(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """What the answer holds as `data`."""
        told = await self.read(method, path, body, **headers)
        if "data" not in told:
            raise UnexpectedAnswer("the answer holds no `data`")
        return told["data"]

    async def read(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """The JSON object of the answer; headers are named with `_` for `-`."""
        return parsed(await self.call(method, path, body, **headers))

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> bytes:
        """The body of the answer. Sends again what broke off or will pass; all that is called here may be repeated."""
        request = self.request(method, path, body, headers)
        for pause in PAUSES:
            try:
                return await self._once(request)
            except PASSING as error:
                await self.pause(pause, error)
        return await self._once(request)

    def request(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Request:
        """A request of the service, with the key."""
        told = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        content = None if body is None else json.dumps(body).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        return Request(
            method=method, url=f"{self._url}{path}", headers={**self._headers, **kind, **told}, content=content
        )

    async def pause(self, seconds: float, error: Exception) -> None:
        """Waits before the next try, as long as the service asks for or a little around `seconds`."""
        asked = error.retry_after_seconds if isinstance(error, ApiError) else None
        usual = seconds * random.uniform(0.5, 1.5)  # noqa: S311  # jitter: clients do not come back together
        await self.wire.sleep(min(LONGEST_PAUSE, max(usual, asked or 0)))

    async def _once(self, request: Request) -> bytes:
        async with accepted(self.wire, request) as answer:
            return await answer.body()


@asynccontextmanager
async def accepted(wire: Wire, request: Request) -> AsyncGenerator[Answer]:
    """The answer to a request, if it is no refusal; raises ApiError or UnexpectedAnswer for one."""
    async with wire.send(request) as answer:
        if not 200 <= answer.status < 300:
            raise refusal(answer.status, await answer.body(), answer.headers)
        yield answer


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> ApiError | UnexpectedAnswer:
    """The error that an answer tells of."""
    try:
        told = parsed(body)
        code, message = str(told["errorCode"]), str(told["message"])
    except (UnexpectedAnswer, KeyError):
        return _unknown(status, body or headers.get("location", "").encode())
    made = BY_CODE.get(code, ApiError)(message, status=status, error_code=code, request_id=headers.get("x-request-id"))
    asked = headers.get("retry-after", "")
    made.retry_after_seconds = float(asked) if asked.isascii() and asked.isdigit() else None
    return made


def _unknown(status: int, body: bytes) -> ApiError | UnexpectedAnswer:
    """Of a proxy in between, most likely: one that says its server is away is believed."""
    said = body[: 4 * MESSAGE_CHARACTERS].decode(errors="replace").strip()[:MESSAGE_CHARACTERS]
    if status == 429 or status >= 500:
        kind = TooManyRequests if status == 429 else ServerFault if status == 500 else Unavailable
        return kind(f"the answer was {status}: {said}", status=status, error_code=kind.code)
    return UnexpectedAnswer(f"the answer was {status} and not ffmill's: {said}", status)


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; raises UnexpectedAnswer."""
    try:
        told = json.loads(body)
    except ValueError as error:
        raise UnexpectedAnswer(f"the answer is no JSON: {body[:MESSAGE_CHARACTERS]!r}") from error
    if not isinstance(told, dict):
        raise UnexpectedAnswer("the answer is no JSON object")
    return told  # pyright: ignore[reportUnknownVariableType]  # keys of a JSON object are strings

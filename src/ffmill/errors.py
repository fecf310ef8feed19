"""The errors of the domain: raised where they are known, translated once at the edge.

FfmillError
├── Refusal                 a request that is answered with an error; carries its status and errorCode
│   ├── ValidationError     400 validationError   the body or query has the wrong shape
│   ├── BadRequest          400 badRequest        right shape, but a rule fails
│   ├── BadApiKey           401 badApiKey
│   ├── Forbidden           403 forbidden         a scope or a quota does not allow it; a URL of ours that is not valid
│   ├── NotFound            404 notFound
│   ├── MethodNotAllowed    405 badRequest
│   ├── TooLarge            413 badRequest
│   ├── Conflict            409 conflict
│   ├── TooManyRequests     429 tooManyRequests
│   └── Unavailable         503 unavailable       database or store unreachable; nothing was accepted
├── AttemptFailed           the job ends `failed`; the message becomes its `error_message`
│   ├── InputFailed         an input could not be fetched
│   ├── CommandFailed       ffmpeg exited with a code other than 0
│   ├── OutputMissing       a listed output was not written
│   └── LimitExceeded       time, memory, disk or size; the message names the limit and its value
└── CannotStart             a process of ours refuses to start; the message says why and how to go on
"""

from typing import ClassVar


class FfmillError(Exception):
    """Base of all errors that ffmill raises on purpose; `message` is for the person who caused it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refusal(FfmillError):
    """A request is refused; nothing was accepted."""

    status: ClassVar[int]
    code: ClassVar[str]


class ValidationError(Refusal):
    """The body or the query has the wrong shape."""

    status, code = 400, "validationError"


class BadRequest(Refusal):
    """The shape is right, but a rule fails."""

    status, code = 400, "badRequest"


class BadApiKey(Refusal):
    """The API key is missing, malformed, unknown or revoked."""

    status, code = 401, "badApiKey"


class Forbidden(Refusal):
    """What was asked for is not allowed: by the key's scopes, the account's quotas, or the signature of a URL."""

    status, code = 403, "forbidden"


class NotFound(Refusal):
    """No such job, file or route, or one of another account."""

    status, code = 404, "notFound"


class MethodNotAllowed(Refusal):
    """The route exists, with other methods."""

    status, code = 405, "badRequest"


class TooLarge(Refusal):
    """The body is larger than its limit."""

    status, code = 413, "badRequest"


class Conflict(Refusal):
    """What was asked for was already done otherwise, as a second upload to one URL."""

    status, code = 409, "conflict"


class TooManyRequests(Refusal):
    """More requests came than the rate limit allows; the same one is taken after some seconds."""

    status, code = 429, "tooManyRequests"


class Unavailable(Refusal):
    """The database or the store cannot be reached."""

    status, code = 503, "unavailable"


class AttemptFailed(FfmillError):
    """The job ends `failed`, and this message becomes its `error_message`."""


class InputFailed(AttemptFailed):
    """An input could not be fetched."""


class CommandFailed(AttemptFailed):
    """ffmpeg exited with a code other than 0."""


class OutputMissing(AttemptFailed):
    """A listed output was not written."""


class LimitExceeded(AttemptFailed):
    """A limit of time, memory, disk or size was reached."""


class CannotStart(FfmillError):
    """A process of ours refuses to start."""

"""What may go wrong for a client, each thing a class of its own.

ClientError
├── ApiError                a request was refused; carries status, error_code, message, request_id
│   ├── ValidationError     400 validationError      the body or query has the wrong shape
│   ├── BadRequest          400 badRequest           right shape, but a rule fails; 405 and 413 too
│   ├── BadApiKey           401 badApiKey
│   ├── InsufficientBalance 402 insufficientBalance
│   ├── Forbidden           403 forbidden
│   ├── NotFound            404 notFound
│   ├── Conflict            409 conflict
│   ├── TooManyRequests     429 tooManyRequests      carries retry_after_seconds
│   ├── ServerFault         500 unknownError
│   └── Unavailable         503 unavailable          nothing was accepted; the same request may be sent again
├── UnexpectedAnswer        what answered is not ffmill, or one that this client does not understand
├── ConnectionFailed        nobody answered, or the connection broke
├── TimedOut                it took longer than it may
├── InvalidRequest          a request that cannot be sent
│   └── InvalidUrl          its address cannot be one
├── JobFailed               a job that was waited for has failed; carries the job
├── JobCancelled            it was cancelled; carries the job
└── InvalidWebhook          a webhook that the service did not sign, or not lately
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ffmill.client.job import Job


class ClientError(Exception):
    """Base of all errors that the client raises; `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ApiError(ClientError):
    """The service refused a request."""

    code: ClassVar[str] = ""

    def __init__(self, message: str, *, status: int, error_code: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.request_id = request_id  # under which the service's log tells of it
        self.retry_after_seconds: float | None = None  # when the same request may be sent again


class ValidationError(ApiError):
    """The body or the query has the wrong shape."""

    code = "validationError"


class BadRequest(ApiError):
    """The shape is right, but a rule fails; the message says what to write instead."""

    code = "badRequest"


class BadApiKey(ApiError):
    """The API key is missing, unknown, expired or revoked."""

    code = "badApiKey"


class InsufficientBalance(ApiError):
    """The account is prepaid and has nothing left."""

    code = "insufficientBalance"


class Forbidden(ApiError):
    """The key's scopes or the account's quotas do not allow it, or a signed URL is not valid."""

    code = "forbidden"


class NotFound(ApiError):
    """There is no such job, file or route, or it is another account's."""

    code = "notFound"


class Conflict(ApiError):
    """It was done otherwise already: an Idempotency-Key with another body, a second upload to one URL."""

    code = "conflict"


class TooManyRequests(ApiError):
    """More requests a second than the account may send."""

    code = "tooManyRequests"


class ServerFault(ApiError):
    """A fault of the service, in its log under `request_id`."""

    code = "unknownError"


class Unavailable(ApiError):
    """The service cannot reach its database or its store; nothing was accepted."""

    code = "unavailable"


class UnexpectedAnswer(ClientError):
    """What answered is not ffmill, or one that this client does not understand."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # of the answer, where it was not its content


class ConnectionFailed(ClientError):
    """Nobody answered, or the connection broke."""


class TimedOut(ClientError):
    """It took longer than it may."""


class InvalidRequest(ClientError):
    """A request that cannot be sent, as with a key of characters for which a header has no room."""


class InvalidUrl(InvalidRequest):
    """An address that cannot be one."""


class JobFailed(ClientError):
    """A job that was waited for has failed."""

    def __init__(self, job: "Job") -> None:
        super().__init__(f"job {job.id} failed: {job.error_message}")
        self.job = job


class JobCancelled(ClientError):
    """A job that was waited for was cancelled."""

    def __init__(self, job: "Job") -> None:
        super().__init__(f"job {job.id} was cancelled{': ' + job.warnings[-1] if job.warnings else ''}")
        self.job = job


class InvalidWebhook(ClientError):
    """A webhook that the service did not sign, or not lately."""


BY_CODE: Mapping[str, type[ApiError]] = {one.code: one for one in ApiError.__subclasses__()}

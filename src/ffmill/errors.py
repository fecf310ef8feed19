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
├── AttemptFailed           the job ends `failed`; the message becomes its `error_message`, the code that of its `error`
│   ├── InputFailed         an input could not be fetched
│   ├── CommandFailed       ffmpeg exited with a code other than 0
│   ├── OutputMissing       a listed output was not written
│   └── LimitExceeded       time, memory, disk or size; the message names the limit and its value
└── CannotStart             a process of ours refuses to start; the message says why and how to go on
"""

from collections.abc import Sequence
from enum import StrEnum
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


class FailureCode(StrEnum):
    """What a job failed of, for programs; a closed list, which docs/errors.md explains."""

    INPUT_UNREACHABLE = "input_unreachable"
    INPUT_TOO_LARGE = "input_too_large"
    INPUT_NOT_MEDIA = "input_not_media"
    INPUT_DAMAGED = "input_damaged"
    FILE_NOT_FOUND = "file_not_found"
    NO_SUCH_OPTION = "no_such_option"
    OPTION_MISPLACED = "option_misplaced"
    BAD_OPTION_VALUE = "bad_option_value"
    NO_SUCH_ENCODER = "no_such_encoder"
    NO_SUCH_DECODER = "no_such_decoder"
    NO_SUCH_FILTER = "no_such_filter"
    NO_SUCH_FORMAT = "no_such_format"
    NO_SUCH_PIXEL_FORMAT = "no_such_pixel_format"
    NO_SUCH_BITSTREAM_FILTER = "no_such_bitstream_filter"
    BAD_FILTER_GRAPH = "bad_filter_graph"
    BAD_FILTER_OPTION = "bad_filter_option"
    STREAM_NOT_FOUND = "stream_not_found"
    CODEC_NOT_IN_CONTAINER = "codec_not_in_container"
    ENCODER_REFUSED = "encoder_refused"
    ODD_DIMENSIONS = "odd_dimensions"
    FILTER_WITH_COPY = "filter_with_copy"
    OUTPUT_FORMAT_UNKNOWN = "output_format_unknown"
    OUTPUT_UNWRITABLE = "output_unwritable"
    OUTPUT_MISSING = "output_missing"
    NOTHING_WRITTEN = "nothing_written"
    UNSAFE_FILE_NAME = "unsafe_file_name"
    PROTOCOL_REFUSED = "protocol_refused"
    GPU_UNAVAILABLE = "gpu_unavailable"
    TIME_LIMIT = "time_limit"
    CPU_LIMIT = "cpu_limit"
    MEMORY_LIMIT = "memory_limit"
    DISK_LIMIT = "disk_limit"
    THREAD_LIMIT = "thread_limit"
    FILE_LIMIT = "file_limit"
    WORKER_LOST = "worker_lost"
    WORKER_FAULT = "worker_fault"
    RULES_CHANGED = "rules_changed"
    FFMPEG_CRASHED = "ffmpeg_crashed"
    UNKNOWN = "unknown"


class AttemptFailed(FfmillError):
    """The job ends `failed`, and this message becomes its `error_message`."""

    usual: ClassVar[FailureCode] = FailureCode.UNKNOWN

    def __init__(self, message: str, code: FailureCode | None = None) -> None:
        super().__init__(message)
        self.code = code or self.usual


class InputFailed(AttemptFailed):
    """An input could not be fetched."""

    usual = FailureCode.INPUT_UNREACHABLE


class CommandFailed(AttemptFailed):
    """ffmpeg exited with a code other than 0; `said` are its own lines, the telling ones, as it wrote them."""

    def __init__(self, message: str, *, argv: Sequence[str] = (), exit_code: int = 1, said: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.argv = tuple(argv)  # what ffmpeg was given
        self.exit_code = exit_code  # 128 + n after signal n
        self.said = tuple(said)


class OutputMissing(AttemptFailed):
    """A listed output was not written."""

    usual = FailureCode.OUTPUT_MISSING


class LimitExceeded(AttemptFailed):
    """A limit of time, memory, disk or size was reached; the code says which."""

    usual = FailureCode.DISK_LIMIT


class CannotStart(FfmillError):
    """A process of ours refuses to start."""

"""The Python client of ffmill.

from ffmill.client import Ffmill

with Ffmill() as ffmill:
    clip = ffmill.upload("holiday.mov")
    job = ffmill.submit("-i {{in.mov}} {{out.mp4}}", inputs={"in.mov": clip}, outputs=["out.mp4"])
    ffmill.download_all(ffmill.wait(job))
"""

from ffmill.client.asynchronous import AsyncFfmill, body_of
from ffmill.client.checks import Finding, Validation
from ffmill.client.errors import (
    ApiError,
    BadApiKey,
    BadRequest,
    ClientError,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InsufficientBalance,
    InvalidRequest,
    InvalidUrl,
    InvalidWebhook,
    JobCancelled,
    JobFailed,
    NotFound,
    ServerFault,
    TimedOut,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    ValidationError,
)
from ffmill.client.events import Ended, Event, LinesLeftOut, LogLine, OutputStored, Progressed, StatusChanged
from ffmill.client.job import Failure, Job
from ffmill.client.synchronous import Ffmill
from ffmill.client.webhooks import verify_webhook

__all__ = [
    "ApiError",
    "AsyncFfmill",
    "BadApiKey",
    "BadRequest",
    "ClientError",
    "Conflict",
    "ConnectionFailed",
    "Ended",
    "Event",
    "Failure",
    "Ffmill",
    "Finding",
    "Forbidden",
    "InsufficientBalance",
    "InvalidRequest",
    "InvalidUrl",
    "InvalidWebhook",
    "Job",
    "JobCancelled",
    "JobFailed",
    "LinesLeftOut",
    "LogLine",
    "NotFound",
    "OutputStored",
    "Progressed",
    "ServerFault",
    "StatusChanged",
    "TimedOut",
    "TooManyRequests",
    "Unavailable",
    "UnexpectedAnswer",
    "Validation",
    "ValidationError",
    "body_of",
    "verify_webhook",
]

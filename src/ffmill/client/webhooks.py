"""Webhooks, verified by the Standard Webhooks specification (https://www.standardwebhooks.com), version 1."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence

from ffmill.client.errors import InvalidWebhook, UnexpectedAnswer
from ffmill.client.job import Job, job_of

LEAST_BYTES = 24  # of a secret, as the specification has it
_PREFIX = "whsec_"
_TIME = re.compile(r"[0-9]{1,15}")  # int() itself refuses thousands of digits


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_seconds: float = 300,
    now: float | None = None,
) -> Job:
    """The job that a webhook brings, once it is sure that the service sent it, and lately.

    `body` is the body as it came, byte for byte; `secret` is the account's, as `whsec_…`, or several while one is being
    replaced; `now` is a time in seconds since the epoch, the present one unless given. Raises InvalidWebhook.
    """
    told = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent, signatures = (told[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise InvalidWebhook(f"the header {missing} is missing") from missing
    if not _TIME.fullmatch(sent):
        raise InvalidWebhook("the header 'webhook-timestamp' is no time")
    if not abs((time.time() if now is None else now) - int(sent)) <= tolerance_seconds:  # false for NaN too
        raise InvalidWebhook(f"it was signed more than {tolerance_seconds:g} s ago, or will be")
    signed = f"{message_id}.{sent}.".encode(errors="replace") + body
    expected = [_signature(one, signed) for one in ([secret] if isinstance(secret, str) else secret)]
    given = [word.encode(errors="replace") for word in signatures.split()]
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):  # noqa: C419  # all, always
        raise InvalidWebhook("no signature is right: another secret, or another body")
    try:
        return job_of(json.loads(body))
    except (ValueError, RecursionError, UnexpectedAnswer) as error:
        raise InvalidWebhook(f"it is signed, and holds no job: {error}") from error


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidWebhook("the secret is none: it is written whsec_ and base64") from error
    if len(key) < LEAST_BYTES:  # an empty one, as of a variable that is not set, would let anybody sign
        raise InvalidWebhook(f"the secret is shorter than {LEAST_BYTES} bytes")
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))

"""Webhooks are believed only when the service signed them, and lately."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from ffmill.client import InvalidWebhook, verify_webhook
from ffmill.webhooks import signature

SECRETS = (b"1" * 32, b"2" * 32)
WRITTEN = tuple(f"whsec_{base64.b64encode(secret).decode()}" for secret in SECRETS)
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOLD: dict[str, Any] = {
    "id": "0b8c1f5e-6a43-4f8e-9a3d-2f1f6f0e7c55",
    "status": "succeeded",
    **dict.fromkeys(("created_at", "queued_at", "updated_at"), "2026-01-31T12:00:00.000Z"),
    "output_files": {"o.mp4": "https://x.org/o"},
}
BODY = json.dumps(TOLD).encode()


def headers(body: bytes = BODY, secrets: tuple[bytes, ...] = SECRETS[:1]) -> dict[str, str]:
    return signature.headers("msg_1", AT, body, secrets)


def test_what_the_service_signs_is_believed() -> None:
    job = verify_webhook(BODY, headers(), WRITTEN[0], now=AT.timestamp() + 299)
    assert (job.id, job.output_files) == (TOLD["id"], {"o.mp4": "https://x.org/o"})


def test_names_of_headers_may_be_written_in_any_case() -> None:
    told = {name.title(): value for name, value in headers().items()}
    assert verify_webhook(BODY, told, WRITTEN[0], now=AT.timestamp()).id == TOLD["id"]


def test_while_a_secret_is_being_replaced_either_will_do() -> None:
    for written in (*WRITTEN, list(WRITTEN)):
        assert verify_webhook(BODY, headers(secrets=SECRETS), written, now=AT.timestamp()).ended
    assert verify_webhook(BODY, headers(secrets=SECRETS[1:]), WRITTEN, now=AT.timestamp()).ended


def test_the_package_of_the_standard_agrees() -> None:
    sent = datetime.now(UTC)
    told = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(WRITTEN[0]).sign("m", sent, BODY.decode()),
    }
    assert verify_webhook(BODY, told, WRITTEN[0]).id == TOLD["id"]


LATE = AT.timestamp() + 301
DEEP = b"[" * 100_000
REFUSED: dict[str, tuple[bytes, dict[str, str], str, float]] = {
    "another body": (BODY + b" ", headers(), WRITTEN[0], AT.timestamp()),
    "another secret": (BODY, headers(), WRITTEN[1], AT.timestamp()),
    "another id": (BODY, {**headers(), "webhook-id": "msg_2"}, WRITTEN[0], AT.timestamp()),
    "too late": (BODY, headers(), WRITTEN[0], LATE),
    "too early": (BODY, headers(), WRITTEN[0], AT.timestamp() - 301),
    "another time": (BODY, {**headers(), "webhook-timestamp": str(int(LATE))}, WRITTEN[0], LATE),
    "no time": (BODY, {**headers(), "webhook-timestamp": "²"}, WRITTEN[0], AT.timestamp()),
    "no signature": (BODY, {**headers(), "webhook-signature": ""}, WRITTEN[0], AT.timestamp()),
    "another version": (BODY, {**headers(), "webhook-signature": "v2,x"}, WRITTEN[0], AT.timestamp()),
    "no letters of ours": (BODY, {**headers(), "webhook-signature": "v1,ü"}, WRITTEN[0], AT.timestamp()),
    "no header": (BODY, {}, WRITTEN[0], AT.timestamp()),
    "an empty secret": (BODY, headers(secrets=(b"",)), "whsec_", AT.timestamp()),
    "a short secret": (BODY, headers(secrets=(b"1" * 23,)), base64.b64encode(b"1" * 23).decode(), AT.timestamp()),
    "half a character": (BODY, {**headers(), "webhook-id": "\ud800"}, WRITTEN[0], AT.timestamp()),
    "nested too deeply": (DEEP, headers(DEEP), WRITTEN[0], AT.timestamp()),
    "no secret": (BODY, headers(), "whsec_!", AT.timestamp()),
    "no job": (b"[]", headers(b"[]"), WRITTEN[0], AT.timestamp()),
    "no JSON": (b"{", headers(b"{"), WRITTEN[0], AT.timestamp()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_all_else_is_refused(name: str) -> None:
    body, told, secret, now = REFUSED[name]
    with pytest.raises(InvalidWebhook):
        verify_webhook(body, told, secret, now=now)


def test_a_tolerance_that_is_no_number_tolerates_nothing() -> None:
    with pytest.raises(InvalidWebhook):
        verify_webhook(BODY, headers(), WRITTEN[0], now=AT.timestamp(), tolerance_seconds=float("nan"))

"""Signatures of webhooks: as the Standard Webhooks specification and its own library have them."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ffmill.webhooks import signature
from ffmill.webhooks.secrets import WebhookSecret
from tests.docs_pages import ROOT, blocks

BODY = '{"id":"1","error_message":"ä"}'.encode()
OLD, NEW, OTHER = (bytes([number]) * 32 for number in range(3))


def text_of(secret: bytes) -> str:
    return WebhookSecret(id=uuid4(), secret=secret, created_at=datetime.now(UTC), expires_at=None).text


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330.75, UTC)
    assert signature.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [secret]) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_each_secret_verifies_what_several_have_signed(secret: bytes) -> None:
    headers = signature.headers("one", datetime.now(UTC), BODY, [NEW, OLD])
    assert Webhook(text_of(secret)).verify(BODY, headers)["error_message"] == "ä"


@pytest.mark.parametrize(
    ("secret", "body", "message_id"),
    [
        pytest.param(OTHER, BODY, "one", id="another secret"),
        pytest.param(NEW, BODY + b" ", "one", id="another body"),
        pytest.param(NEW, BODY, "two", id="another id"),
    ],
)
def test_nothing_else_verifies(secret: bytes, body: bytes, message_id: str) -> None:
    headers = signature.headers("one", datetime.now(UTC), BODY, [NEW, OLD]) | {"webhook-id": message_id}
    with pytest.raises(WebhookVerificationError):
        Webhook(text_of(secret)).verify(body, headers)


def test_a_secret_is_not_in_its_repr() -> None:
    secret = WebhookSecret(id=uuid4(), secret=b"hidden", created_at=datetime.now(UTC), expires_at=None)
    assert "hidden" not in repr(secret)
    assert secret.text not in repr(secret)


SNIPPETS = [block.text for block in blocks(ROOT / "docs" / "webhooks.md") if block.language == "python"]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_what_the_documentation_shows_verifies_and_refuses(snippet: str) -> None:
    shown: dict[str, Any] = {}
    exec(snippet, shown)  # noqa: S102 - our own page
    headers = signature.headers("one", datetime.now(UTC), BODY, [NEW, OLD])
    assert shown["verified"](BODY, headers, text_of(OLD))["error_message"] == "ä"
    late = signature.headers("one", datetime.fromtimestamp(0, UTC), BODY, [NEW])
    for body, given, secret in [(BODY + b" ", headers, NEW), (BODY, headers, OTHER), (BODY, late, NEW)]:
        with pytest.raises((ValueError, WebhookVerificationError)):
            shown["verified"](body, given, text_of(secret))


def test_the_documentation_shows_how_by_a_library_and_by_hand() -> None:
    assert len(SNIPPETS) == 2

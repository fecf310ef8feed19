"""Small things of the API: paths, queries, quoting, answers to errors, the reference page."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from ffmill.api import errors, queries, reference_page
from ffmill.api.answers import json_bytes
from ffmill.api.paths import LoosePaths
from ffmill.api.quoting import quoted, storable
from ffmill.errors import Refusal, ValidationError

CONTRACT = {
    (400, "validationError"),
    (400, "badRequest"),
    (401, "badApiKey"),
    (403, "forbidden"),
    (404, "notFound"),
    (405, "badRequest"),
    (409, "conflict"),
    (413, "badRequest"),
    (429, "tooManyRequests"),
    (503, "unavailable"),
}


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """All kinds of refusals that ffmill knows."""
    for child in kind.__subclasses__():
        yield child
        yield from refusals(child)


@pytest.mark.parametrize("kind", list(refusals()))
def test_every_refusal_has_its_answer_in_the_contract(kind: type[Refusal]) -> None:
    answer = errors.answer(kind("what is wrong"))
    assert (answer.status_code, kind.code) in CONTRACT
    assert json.loads(bytes(answer.body)) == {"errorCode": kind.code, "message": "what is wrong"}
    assert answer.headers["content-type"] == "application/json"


def test_a_lone_surrogate_in_a_message_is_sent_as_its_json_escape() -> None:
    assert json.loads(json_bytes({"message": "\ud800 é"})) == {"message": "\ud800 é"}


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/jobs", "/api/jobs"),
        ("/api//jobs", "/api/jobs"),
        ("//api///jobs//x/", "/api/jobs/x"),
        ("/api/jobs/", "/api/jobs"),
        ("/api/", "/api"),
        ("/", "/"),
        ("//", "/"),
        ("//healthz", "/healthz"),
        ("/files/outputs//a", "/files/outputs//a"),
        ("//files/a//b/", "/files/a//b/"),
        ("/apis//x", "/apis//x"),
    ],
)
async def test_slashes_are_tidied_but_those_within_a_key(path: str, seen: str) -> None:
    paths: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])

    async def nothing(*_: Message) -> Any: ...

    await LoosePaths(app)({"type": "http", "path": path}, nothing, nothing)
    assert paths == [seen]


def test_a_missing_query_value_is_its_default() -> None:
    assert queries.integer({}, "limit", 50, least=1) == 50
    assert queries.flag({}, "wait") is False


@pytest.mark.parametrize("text", ["", " 5", "5 ", "5.0", "5e1", "1_0", "x", "٣", "+5", "9" * 5000, "0x5", "\x00"])
def test_what_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="limit: must be an integer"):
        queries.integer({"limit": text}, "limit", 50, least=1)


@pytest.mark.parametrize("text", ["-1", "10001"])
def test_an_integer_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=f'offset: must be from 0 to 10000, not "{text}"'):
        queries.integer({"offset": text}, "offset", 0, least=0, most=10_000)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_flag_is_true_or_false(text: str, value: bool) -> None:
    assert queries.flag({"wait": text}, "wait") is value


@pytest.mark.parametrize("text", ["", "yes", "True", "2"])
def test_any_other_word_is_no_flag(text: str) -> None:
    with pytest.raises(ValidationError, match="wait: must be true or false"):
        queries.flag({"wait": text}, "wait")


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(st.characters()), st.lists, max_leaves=3))
def test_a_quoted_value_is_short_and_storable(value: Any) -> None:
    text = quoted(value)
    assert len(text) <= 81
    assert storable(text)
    assert "\n" not in text


def document() -> dict[str, Any]:
    """A document with every turn that the page must take."""
    return {
        "info": {"title": "T<b>", "version": "1", "description": "One `code` & <two>.\n\nThree."},
        "servers": [{"url": "http://x"}],
        "tags": [{"name": "Jobs"}],
        "paths": {
            "/a/{job_id}": {
                "post": {
                    "operationId": "a",
                    "tags": ["Jobs"],
                    "summary": "Do <a>",
                    "security": [{}],
                    "parameters": [{"name": "n", "required": True, "schema": {"type": "integer", "default": 5}}],
                    "requestBody": {
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/x/Thing"},
                                "examples": {"It's": {"value": {"a": "it's <&>"}}},
                            }
                        }
                    },
                    "responses": {"200": {"description": "fine"}},
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "properties": {
                        "list": {"type": "array", "items": {"$ref": "#/x/Thing"}},
                        "map": {"type": "object", "additionalProperties": {"type": "string"}},
                        "either": {"anyOf": [{"enum": ["x", "<y>"]}, {"type": "null"}]},
                        "one": {"const": "z"},
                        "whatever": {},
                    }
                }
            }
        },
    }


def test_the_page_says_all_that_the_document_says_and_escapes_it() -> None:
    html = reference_page.page(document())
    assert "T&lt;b&gt; API reference" in html
    assert "One <code>code</code> &amp; &lt;two&gt;.</p><p>Three." in html
    assert 'list of <a href="#Thing">Thing</a>' in html
    assert "object, name → string" in html
    assert "<code>x</code> <code>&lt;y&gt;</code> or null" in html
    assert "Default: <code>5</code>" in html
    assert not re.search(r"<b>|<script|style=|<a>", html.replace("<b>Body:", ""))


def test_the_commands_of_the_page_are_what_a_shell_would_send() -> None:
    (operation,) = reference_page.operations(document())
    words = shlex.split(reference_page.curl(operation, "http://x", {"a": "it's"}))
    assert words[:4] == ["curl", "-X", "POST", "http://x/a/$JOB_ID"]
    assert json.loads(words[-1]) == {"a": "it's"}

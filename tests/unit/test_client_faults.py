"""What the client makes of services and proxies that are old, in the way, or broken."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ffmill import client
from ffmill.client import Ended, Ffmill, InvalidWebhook, streams, verify_webhook
from ffmill.client.job import job_of
from ffmill.client.sse import Parser
from ffmill.client.wire import SyncWire
from tests.unit.test_client_webhooks import TOLD

Handler = Callable[[httpx.Request], httpx.Response]
QUEUED = {**TOLD, "status": "queued"}
LOG = {"job_id": "j", "attempt": 1, "line": 1, "text": "hello"}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes any time."""
    made: list[float] = []

    async def sleep(_: SyncWire, seconds: float) -> None:
        made.append(seconds)
        assert len(made) < 50, "it goes on without end"

    monkeypatch.setattr(SyncWire, "sleep", sleep)
    return made


def of(handler: Handler, key: str = "ffm_key") -> Ffmill:
    return Ffmill("http://ffmill.test", key, transport=httpx.MockTransport(handler))


def data(told: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": told})


def refused(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"errorCode": code, "message": "no"}, headers=headers)


def event(number: int, kind: str, told: Any) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(told)}\n\n"


class Broken(httpx.SyncByteStream):
    """Bytes, then a broken connection."""

    def __init__(self, begin: bytes) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[bytes]:
        yield self._begin
        raise httpx.ReadError("broken")


def test_every_5xx_is_sent_again_whoever_answers_it(pauses: list[float]) -> None:
    answers = iter([httpx.Response(500, text="Internal Server Error"), httpx.Response(520, text="?"), data(TOLD)])
    assert of(lambda _: next(answers)).get("j").id == TOLD["id"]
    assert len(pauses) == 2


def test_a_key_that_no_header_holds_is_refused_at_once(pauses: list[float]) -> None:
    with pytest.raises(client.InvalidRequest):
        of(lambda _: data(TOLD), "ké").get("j")
    assert not pauses


def test_a_redirected_create_is_told_and_not_turned_into_another_request() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(301, headers={"Location": "https://ffmill.test/api/ffmpeg"})

    with pytest.raises(client.UnexpectedAnswer, match=r"https://ffmill\.test"):
        of(handler).submit("x", outputs=["o"])
    assert [request.method for request in seen] == ["POST"]


def test_a_download_is_followed_to_the_store_without_the_key(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        if request.url.host == "ffmill.test":
            return httpx.Response(302, headers={"Location": "http://store.test/f"})
        return httpx.Response(200, content=b"abc")

    assert of(handler).download("http://ffmill.test/files/f", tmp_path / "f").read_bytes() == b"abc"


@pytest.mark.parametrize("told", [None, 5, {"a": 1}], ids=["null", "a number", "another object"])
@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "bare"])
def test_an_answer_of_another_shape_is_said_to_be_one(told: Any, wrapped: bool) -> None:
    ffmill = of(lambda _: data(told) if wrapped else httpx.Response(200, json=told))
    calls: tuple[Callable[[], object], ...] = (
        lambda: ffmill.get("j"),
        lambda: ffmill.submit_many([{}]),
        lambda: list(ffmill.jobs()),
        lambda: ffmill.upload(b"x"),
        lambda: ffmill.validate("x", outputs=["o"]),
    )
    for call in calls:
        with pytest.raises(client.UnexpectedAnswer):
            call()


def test_a_service_without_cursors_is_listed_to_its_end() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params.get("offset", "0"))
        paging = {"limit": 1, "offset": offset, "total": 3, "hasMore": offset < 2}
        return httpx.Response(200, json={"data": [{**TOLD, "id": str(offset)}], "pagingParams": paging})

    assert [job.id for job in of(handler).jobs()] == ["0", "1", "2"]


def test_a_command_whose_words_cannot_be_known_is_validated_all_the_same() -> None:
    problem = {"code": "badRequest", "message": "m", "command_index": 0, "hint": "", "corrected_command": None}
    told = {"valid": False, "commands": [{"argv": None}], "problems": [problem], "warnings": []}
    assert of(lambda _: data(told)).validate("x", outputs=["o"]).commands == (None,)


def test_a_stream_taken_up_after_the_end_of_its_job_is_over(pauses: list[float]) -> None:
    assert list(of(lambda _: httpx.Response(204)).events("j", last_event_id="1.0.0.end.0")) == []
    assert not pauses


def test_events_carry_the_id_by_which_they_are_taken_up() -> None:
    text = event(7, "log", LOG) + event(8, "end", TOLD)
    assert [each.id for each in of(lambda _: httpx.Response(200, text=text)).events("j")] == ["7", "8"]


def test_an_event_cut_in_half_is_told_whole_by_the_next_connection() -> None:
    first, second, end = event(1, "log", LOG), event(2, "log", LOG), event(3, "end", TOLD)
    asked: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        if len(asked) == 1:
            return httpx.Response(200, stream=Broken((first + second[:-10]).encode()))
        return httpx.Response(200, text=second + end)

    assert [each.id for each in of(handler).events("j")] == ["1", "2", "3"]
    assert asked == [None, "1"]


def test_a_stream_without_news_is_opened_again_for_as_long_as_it_lives() -> None:
    parts = iter([": still here\n\n"] * 12 + [event(1, "end", TOLD)])
    (told,) = of(lambda _: httpx.Response(200, text=next(parts))).events("j")
    assert isinstance(told, Ended)


@pytest.mark.parametrize(
    "streamed",
    [
        lambda: httpx.Response(200, stream=Broken(b"retry: 1\n\n")),
        lambda: httpx.Response(200, text="<html>"),
        lambda: refused(429, "tooManyRequests", **{"Retry-After": "10"}),
        lambda: refused(503, "unavailable"),
        lambda: refused(405, "badRequest"),
    ],
    ids=["broken", "a web page", "too many", "unavailable", "no such route"],
)
def test_waiting_asks_for_the_job_where_its_stream_fails(streamed: Callable[[], httpx.Response]) -> None:
    states = iter([QUEUED, QUEUED, TOLD])
    ffmill = of(lambda request: streamed() if "events" in str(request.url) else data(next(states)))
    assert ffmill.wait(job_of(QUEUED)).status == "succeeded"


def test_a_stream_that_is_held_back_is_not_listened_to_again() -> None:
    states, streamed = iter([QUEUED, QUEUED, TOLD]), list[str]()

    def handler(request: httpx.Request) -> httpx.Response:
        if "events" not in str(request.url):
            return data(next(states))
        streamed.append(request.url.path)
        raise httpx.ReadTimeout("silent")

    assert of(handler).wait(job_of(QUEUED)).ended
    assert len(streamed) == 1


def test_near_its_deadline_a_wait_asks_instead_of_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.Deadline, "left", property(lambda _: streams.HEARTBEAT_SECONDS - 1))
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return data(QUEUED if len(seen) == 1 else TOLD)

    assert of(handler).wait(job_of(QUEUED), timeout_seconds=1).ended
    assert set(seen) == {f"/api/jobs/{TOLD['id']}"}


def test_a_line_that_ends_by_cr_waits_for_nothing() -> None:
    parser = Parser()
    assert [message.data for message in parser.feed(b"data: a\r\r")] == ["a"]
    assert [message.data for message in parser.feed(b"\ndata: b\r\n\r\n")] == ["b"]


def test_an_id_without_data_counts_for_what_follows() -> None:
    parser = Parser("4")
    assert parser.last_event_id == "4"
    assert list(parser.feed(b"id: 5\n\nid: 6\ndata: ")) == []
    assert parser.last_event_id == "5"


def test_a_download_that_broke_off_after_its_last_byte_is_whole(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "range" in request.headers:
            return httpx.Response(416, headers={"Content-Range": "bytes */3"})
        return httpx.Response(200, stream=Broken(b"abc"), headers={"ETag": '"1"'})

    assert of(handler).download("http://x.org/f", tmp_path / "f").read_bytes() == b"abc"


def test_a_file_that_changed_meanwhile_is_fetched_anew(tmp_path: Path) -> None:
    bodies = iter(
        [httpx.Response(200, stream=Broken(b"old"), headers={"ETag": '"1"'}), httpx.Response(200, text="new!")]
    )
    assert of(lambda _: next(bodies)).download("http://x.org/f", tmp_path / "f").read_bytes() == b"new!"


def test_a_name_as_long_as_a_name_may_be_is_downloaded(tmp_path: Path) -> None:
    path = tmp_path / ("界" * 85)
    of(lambda _: httpx.Response(200, content=b"abc")).download("http://x.org/f", path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_time_too_long_to_be_one_is_an_invalid_webhook() -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1" * 5000, "webhook-signature": "v1,x"}
    with pytest.raises(InvalidWebhook):
        verify_webhook(b"{}", headers, "whsec_AAAA")

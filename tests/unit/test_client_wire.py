"""What the client does with answers, good and bad: with and without an event loop."""

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ffmill import client, errors
from ffmill.client import AsyncFfmill, Ended, Ffmill, JobFailed, LogLine, Progressed, StatusChanged, wire
from ffmill.client.errors import BY_CODE, ClientError
from ffmill.client.wire import SyncWire, translated
from tests.unit.test_client_webhooks import TOLD

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes any time."""
    made: list[float] = []

    async def sleep(_: SyncWire, seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(SyncWire, "sleep", sleep)
    return made


def of(handler: Handler) -> Ffmill:
    return Ffmill("http://ffmill.test/", "ffm_key", transport=httpx.MockTransport(handler))


def answer(status: int = 200, **told: Any) -> httpx.Response:
    return httpx.Response(status, json=told)


def refused(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"errorCode": code, "message": "no"}, headers={"X-Request-Id": "r1", **headers})


def test_a_job_is_asked_for_with_the_key_and_read_whole() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(data={**TOLD, "a_field_of_tomorrow": 1})

    job = of(handler).submit("-i {{a}} {{b}}", inputs={"a": "https://x.org/a"}, outputs=["b"], timeout_seconds=5)
    assert (job.id, job.status, job.warnings, job.error) == (TOLD["id"], "succeeded", (), None)
    assert (str(seen[0].url), seen[0].headers["authorization"]) == ("http://ffmill.test/api/ffmpeg", "Bearer ffm_key")
    assert json.loads(seen[0].content) == {
        "input_files": {"a": "https://x.org/a"},
        "output_files": ["b"],
        "ffmpeg_commands": ["-i {{a}} {{b}}"],
        "timeout_seconds": 5,
    }


def test_a_create_that_broke_off_is_sent_again_under_the_same_key(pauses: list[float]) -> None:
    keys: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("broken")
        return refused(503, "unavailable") if len(keys) == 2 else answer(data=TOLD)

    of(handler).submit("x", outputs=["o"])
    assert len(set(keys)) == 1
    assert len(pauses) == 2


def test_a_client_waits_as_long_as_the_service_asks(pauses: list[float]) -> None:
    answers = iter([refused(429, "tooManyRequests", **{"Retry-After": "7"}), answer(data=TOLD)])
    of(lambda _: next(answers)).get("x")
    assert pauses == [7]


@pytest.mark.parametrize("code", BY_CODE)
def test_every_refusal_has_its_class(code: str, pauses: list[float]) -> None:
    status = next((one.status for one in errors.Refusal.__subclasses__() if one.code == code), 402)
    with pytest.raises(BY_CODE[code]) as caught:
        of(lambda _: refused(status if code != "unknownError" else 500, code)).get("x")
    assert (caught.value.error_code, caught.value.request_id, caught.value.message) == (code, "r1", "no")
    assert len(pauses) == (4 if code in ("tooManyRequests", "unavailable", "unknownError") else 0)


def test_every_error_code_of_the_service_is_known() -> None:
    assert {one.code for one in errors.Refusal.__subclasses__()} <= BY_CODE.keys()


@pytest.mark.parametrize(
    "given",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(404, text="nginx"),
        answer(data=[]),
        httpx.Response(200, json=[]),
    ],
    ids=["no JSON", "no ffmill", "no job", "no object"],
)
def test_what_is_not_ffmill_is_said_to_be_none(given: httpx.Response) -> None:
    with pytest.raises(client.UnexpectedAnswer):
        of(lambda _: given).get("x")


def raised_by_httpx() -> list[type[Exception]]:
    kinds = [one for _, one in inspect.getmembers(httpx, inspect.isclass) if issubclass(one, Exception)]
    return [one for one in kinds if one.__module__ == "httpx"]


@pytest.mark.parametrize("kind", raised_by_httpx())
def test_every_error_of_httpx_is_translated(kind: type[Exception]) -> None:
    made = kind.__new__(kind)
    Exception.__init__(made, "x")
    with pytest.raises(ClientError), translated("http://x.org/?secret"):
        raise made


def test_no_error_names_the_query_of_a_url() -> None:
    with pytest.raises(ClientError) as caught, translated("http://x.org/file?sig=CANARY"):
        raise httpx.ReadError("broken")
    assert "CANARY" not in caught.value.message


def sse(*events: tuple[str, dict[str, Any]], begin: int = 1) -> httpx.Response:
    lines = [f"id: {n}\nevent: {kind}\ndata: {json.dumps(told)}\n\n" for n, (kind, told) in enumerate(events, begin)]
    return httpx.Response(200, text="".join(lines))


STATUS = ("status", {"job_id": "j", "status": "running", "attempt": 1})
NEWS = ("progress", {"job_id": "j", "progress": 40.0, "frame": 10, "of_tomorrow": 1})
LINE = ("log", {"job_id": "j", "line": 1, "text": "hello"})
END = ("end", TOLD)


def test_events_are_taken_up_where_the_stream_broke_off() -> None:
    streams: Iterator[httpx.Response] = iter([sse(STATUS, NEWS), sse(LINE, ("of_tomorrow", {}), END, begin=3)])
    asked: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        return next(streams)

    told = list(of(handler).events("j"))
    assert [type(event) for event in told] == [StatusChanged, Progressed, LogLine, Ended]
    assert asked == [None, "2"]


def test_waiting_tells_of_progress_and_gives_the_job() -> None:
    told: list[tuple[str, float | None]] = []
    waiting = of(lambda request: sse(STATUS, NEWS, END) if "events" in str(request.url) else answer(data=RUNNING))
    job = waiting.wait("j", on_progress=lambda now: told.append((now.status, now.progress)))
    assert job.status == "succeeded"
    assert told == [("running", None), ("running", 40.0), ("succeeded", None)]


RUNNING = {**TOLD, "status": "running"}
FAILED = {
    **TOLD,
    "status": "failed",
    "error_message": "ffmpeg exited with code 1",
    "error": {"code": "unknown", "stage": "command", "summary": "s"},
}


def test_waiting_asks_again_and_again_where_there_are_no_events() -> None:
    states = iter([RUNNING, RUNNING, FAILED])

    def handler(request: httpx.Request) -> httpx.Response:
        return refused(404, "notFound") if "events" in str(request.url) else answer(data=next(states))

    with pytest.raises(JobFailed) as caught:
        of(handler).wait("j")
    assert caught.value.job.error
    assert caught.value.job.error.code == "unknown"


def test_a_stream_that_only_ever_ends_is_given_up(pauses: list[float]) -> None:
    with pytest.raises(client.ConnectionFailed):
        list(of(lambda _: sse()).events("j"))
    assert len(pauses) == 4


def test_a_broken_download_is_taken_up_again(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def broken() -> Generator[bytes]:
        yield b"0123"
        raise httpx.ReadError("broken")

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("range"))
        assert "authorization" not in request.headers
        if len(asked) == 1:
            return httpx.Response(200, content=broken(), headers={"ETag": '"1"', "Content-Length": "10"})
        return httpx.Response(206, content=b"456789", headers={"Content-Range": "bytes 4-9/10"})

    seen: list[tuple[int, int | None]] = []
    of(handler).download("http://x.org/f", tmp_path / "f", on_progress=lambda sent, total: seen.append((sent, total)))
    assert (tmp_path / "f").read_bytes() == b"0123456789"
    assert asked == [None, "bytes=4-"]
    assert seen == [(4, 10), (10, 10)]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_download_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("before")
    with pytest.raises(client.Forbidden):
        of(lambda _: refused(403, "forbidden")).download("http://x.org/f", tmp_path / "f")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


@pytest.mark.parametrize("name", ["../x", "", "..", "a/b", "a\\b"])
def test_no_output_leaves_its_directory(name: str, tmp_path: Path) -> None:
    job = of(lambda _: answer(data={**TOLD, "output_files": {name: "http://x.org/f"}})).get("x")
    with pytest.raises(client.UnexpectedAnswer):
        of(lambda _: httpx.Response(200)).download_all(job, tmp_path)


def test_all_pages_are_listed() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        last = "cursor" in request.url.params
        assert request.url.params["status"] == "failed"
        return answer(data=[TOLD], pagingParams={"nextCursor": None if last else "c"})

    assert len(list(of(handler).jobs(status="failed"))) == 2


def test_a_validation_is_read() -> None:
    told = {
        "valid": False,
        "commands": [{"argv": ["-i", "inputs/a"]}],
        "problems": [
            {"code": "no_such_option", "command_index": 0, "message": "m", "hint": "h", "corrected_command": "c"}
        ],
        "warnings": [],
    }
    found = of(lambda _: answer(data=told)).validate("x", outputs=["o"])
    assert (found.valid, found.commands, found.problems[0].corrected_command) == (False, (("-i", "inputs/a"),), "c")


def test_a_probe_is_read() -> None:
    assert of(lambda _: answer(data={"format": {}})).probe("https://x.org/a") == {"format": {}}


def test_both_clients_have_the_same_methods_and_parameters() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        public = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(one).parameters) for name, one in public if not name.startswith("_")}

    assert methods(Ffmill) == methods(AsyncFfmill)


def test_the_client_loads_nothing_of_the_server() -> None:
    script = "import sys; import ffmill.client; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert not {"fastapi", "psycopg", "procrastinate", "obstore", "aiohttp", "pydantic", "ffmill.config"} & set(told)


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFMILL_URL", "http://there.test/")
    monkeypatch.setenv("FFMILL_API_KEY", "ffm_env")
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(data=TOLD)

    with Ffmill(transport=httpx.MockTransport(handler)) as ffmill:
        ffmill.get("x")
    assert (str(seen[0].url), seen[0].headers["authorization"]) == ("http://there.test/api/jobs/x", "Bearer ffm_env")


async def test_in_an_event_loop_it_is_the_same() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return sse(STATUS, END) if "events" in str(request.url) else answer(data=RUNNING)

    async with AsyncFfmill("http://ffmill.test", "k", transport=httpx.MockTransport(handler)) as ffmill:
        assert [type(event) async for event in ffmill.events("j")] == [StatusChanged, Ended]
        assert (await ffmill.wait("j")).ended


def test_an_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1 << 20)

    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * (1 << 16)

    with pytest.raises(client.UnexpectedAnswer, match="longer than"):
        of(lambda _: httpx.Response(200, content=endless())).get("x")

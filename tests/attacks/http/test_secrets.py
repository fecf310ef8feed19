"""Secrets that a whole service is given come back in no log line, no job's log, no error message and no other table."""

import hashlib
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ffmill.accounts import api_keys, callers, repository
from ffmill.config import Settings
from ffmill.db.embedded import database_url
from tests.acceptance.client import Client
from tests.acceptance.test_serve import Serving, serving
from tests.waiting import until

pytestmark = pytest.mark.serve

Json = dict[str, Any]

MARK = "CANARY"  # in every secret of a client's
TERMINAL = ("succeeded", "failed", "cancelled")
BY_CONTRACT = {"jobs", "deliveries"}  # keep URLs and commands as they were sent, to fetch, call and return them
UNKNOWN_KEY = f"ffm_unknown{MARK}KEY{'x' * 29}"


class Site(BaseHTTPRequestHandler):
    """A site of the world: its paths begin with the status that they answer with."""

    def do_GET(self) -> None:
        """302 leads on to a URL with secrets of its own."""
        status = int(self.path[1:4])
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"/404/moved?token={MARK}MOVED")
        self.send_header("Set-Cookie", f"session={MARK}COOKIE")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815  # as the server calls it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Says nothing."""


@contextmanager
def site() -> Generator[str]:
    """A site on loopback: its host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A job that is given secrets."""

    name: str
    commands: tuple[str, ...]
    inputs: dict[str, str] = field(default_factory=dict[str, str])  # {site} stands for the site
    webhook: str | None = None
    log: str = ""  # what its log holds all the same


QUERY = f"X-Amz-Signature={MARK}SIG&X-Amz-Credential={MARK}CRED"
URL = f"https://user:{MARK}PASS@x.org/a.mp4?{QUERY}"
PICTURE = "-f lavfi -i testsrc2=size=64x36"


def fetched(path: str, *, host: str = "{site}") -> Case:
    """A job whose input cannot be had."""
    url = f"http://user:{MARK}PASS@{host}{path}?{QUERY}#{MARK}FRAGMENT"
    return Case(name=f"{host}{path}", commands=("-i {{a.mp4}} {{out.mp4}}",), inputs={"a.mp4": url})


def ran(name: str, command: str, log: str = "") -> Case:
    """A job whose command holds secrets."""
    return Case(name=name, commands=(command,), log=log)


CASES = [
    fetched("/404/a.mp4"),
    fetched("/403/a.mp4"),
    fetched("/302/a.mp4"),
    fetched("/503/a.mp4"),
    fetched("/204/a.mp4"),
    fetched("/200/empty.mp4"),
    fetched("/a.mp4", host="10.1.2.3"),
    fetched("/a.mp4", host="[::ffff:169.254.169.254]"),
    fetched("/a.mp4", host="no-such-name.invalid"),
    ran("metadata", f"{PICTURE} -frames:v 1 -metadata comment={URL} {{{{out.mp4}}}}", "x.org/a.mp4?…"),
    ran("quoted", f'{PICTURE} -frames:v 1 -metadata "comment=see {URL} or {URL}" {{{{out.mp4}}}}'),
    ran("debug", f"-loglevel debug {PICTURE} -frames:v 1 -metadata comment={URL} {{{{out.mp4}}}}"),
    ran("fails", f"{PICTURE} -frames:v 1 -metadata comment={URL} -c:v {MARK[:0]}nope {{{{out.mp4}}}}"),
    ran("missing", f"-i inputs/none.mp4?sig={MARK}SIG {{{{out.mp4}}}}", "none.mp4?sig=…"),
    ran("filter", f"{PICTURE} -frames:v 1 -vf metadata=add:key=a:value='{URL}' {{{{out.mp4}}}}"),
    ran(
        "taken apart",
        f"{PICTURE} -frames:v 1 -vf metadata=add:key=a:value=https://x.org/?a=b:{MARK}SIG1,{MARK}SIG2 {{{{out.mp4}}}}",
    ),
    ran("headers", f"-headers 'Authorization: Bearer {MARK}TOKEN' {PICTURE} -frames:v 1 {{{{out.mp4}}}}"),
    ran("key", f"-loglevel trace -decryption_key {MARK}0123456789 {PICTURE} -frames:v 1 {{{{out.mp4}}}}"),
    ran("api key", f"{PICTURE} -frames:v 1 -metadata comment=ffm_abcdefgh{MARK}{'x' * 29} {{{{out.mp4}}}}"),
    Case(
        name="webhook",
        commands=(f"{PICTURE} -frames:v 1 {{{{out.mp4}}}}",),
        webhook=f"http://user:{MARK}PASS@{{site}}/500/hook?token={MARK}HOOK",
    ),
    Case(
        name="refused webhook",
        commands=(f"{PICTURE} -frames:v 1 {{{{out.mp4}}}}",),
        webhook=f"http://user:{MARK}PASS@10.1.2.3/hook?token={MARK}HOOK",
    ),
]
REFUSED: list[tuple[str, str, Json | None]] = [  # method, path, body
    ("GET", f"/api/jobs?api_key={UNKNOWN_KEY}&cursor={MARK}", None),
    ("GET", f"/api/jobs/{UNKNOWN_KEY}", None),
    ("GET", f"/api/jobs/x%3Fapi_key={MARK}", None),
    ("GET", f"/files/a%3Fexpires=1&kid=a&sig={MARK}", None),
    ("GET", f"/files/a%253Fexpires%253D1%2526sig%253D{MARK}", None),
    ("GET", f"/files/a?expires=1&kid=a&sig={MARK}", None),
    ("PUT", f"/files/a?expires=1&kid=a&sig={MARK}", None),
    ("DELETE", f"/api/jobs/https://u:{MARK}@x.org/?{MARK}", None),
    ("POST", "/api/ffmpeg", {"output_files": ["a"], "ffmpeg_command": f"-i {URL} {{{{a}}}}"}),
    (
        "POST",
        "/api/ffmpeg",
        {"output_files": ["a"], "ffmpeg_command": "{{a}}", "webhook_url": f"ftp://u:{MARK}@x?{MARK}"},
    ),
    ("POST", "/api/ffmpeg", {"output_files": ["a"], "ffmpeg_command": "{{a}}", "input_files": {"b": f"{URL}\x00"}}),
]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A service that has been given every secret, and what it made of them."""

    service: Serving
    client: Client
    jobs: dict[str, Json]  # by the name of the case
    secrets: list[str]  # of our own: keys and signatures

    @property
    def log(self) -> str:
        """All lines of all its processes."""
        return (self.service.data_dir.parent / "stderr").read_text()

    def dump(self) -> dict[str, str]:
        """Every table, as text."""
        url = database_url(Settings(data_dir=self.service.data_dir))
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
            ).fetchall()
            return {
                name: "\n".join(
                    row[0]
                    for row in connection.execute(
                        sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, name))
                    )
                )
                for schema, name in tables
            }


def submit(client: Client, case: Case, host: str) -> str:
    """The id of the job of a case."""
    body: Json = {
        "input_files": {name: url.replace("{site}", host) for name, url in case.inputs.items()},
        "output_files": ["out.mp4"],
        "ffmpeg_commands": case.commands,
        "webhook_url": case.webhook and case.webhook.replace("{site}", host),
    }
    answer = client.call("POST", "/api/ffmpeg", body)
    assert answer.status == 200, (case.name, answer.body)
    return answer.data["id"]


def end(client: Client, job: str) -> Json:
    """The job, ended."""

    def ended() -> Json | None:
        found = client.call("GET", f"/api/jobs/{job}").data
        return found if found["status"] in TERMINAL else None

    return until(ended, f"the job {job} ends")


def signature(url: str) -> str:
    """Of a URL of ours."""
    return url.rpartition("sig=")[2]


@pytest.fixture(scope="module", params=["json", "console"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Seen]:
    """The service at its most talkative, after all that."""
    environment = {
        "FFMILL_LOG_LEVEL": "debug",
        "FFMILL_LOG_FORMAT": request.param,
        "FFMILL_ALLOW_NETS": "127.0.0.0/8",
    }
    with site() as host, serving(tmp_path_factory.mktemp("secrets") / "data", **environment) as service:
        client = Client(url=service.url, api_key=(service.data_dir / "api-key").read_text().strip())
        for method, path, body in REFUSED:
            assert client.call(method, service.url + path, body).status in (400, 403, 404, 405), (method, path)
        for key in (UNKNOWN_KEY, f"malformed {MARK}", f"{client.api_key}x", f"{client.api_key} {client.api_key}"):
            assert Client(url=service.url, api_key=key).call("GET", "/api/jobs").status == 401
        submitted = {case.name: submit(client, case, host) for case in CASES}
        urls = client.call("POST", "/api/tmp-file").data
        assert client.call("PUT", urls["upload_url"], b"no media").status == 200
        assert client.call("PUT", urls["upload_url"], b"no media").status == 409
        own = Case(name="own", commands=("-i {{a.mp4}} {{out.mp4}}",), inputs={"a.mp4": urls["download_url"]})
        submitted["own"] = submit(client, own, host)
        jobs = {name: end(client, job) for name, job in submitted.items()}
        given = [url for job in jobs.values() for url in job["output_files"].values()]
        for url in (*given, urls["download_url"]):
            assert client.call("GET", url).status == 200
            assert client.call("GET", url.replace("sig=", "sig=A")).status == 403
            assert client.call("GET", url.replace("?", "%3F")).status == 403
        signatures = [signature(url) for url in (*given, *urls.values())]
        assert len(given) >= 5
        yield Seen(service=service, client=client, jobs=jobs, secrets=[client.api_key, *signatures])


def lines_with(text: str, secrets: list[str]) -> list[str]:
    """The lines of a text that hold one of them."""
    return [line for line in text.splitlines() if any(secret in line for secret in secrets)]


def test_no_log_line_of_any_process_holds_a_secret(seen: Seen) -> None:
    assert lines_with(seen.log, [MARK, *seen.secrets]) == []
    for told in ("process=api", "process=worker") if "process=api" in seen.log else ('"api"', '"worker'):
        assert told in seen.log
    assert seen.log.count("job ended") == len(seen.jobs)
    assert "an input is tried again" in seen.log
    assert "an address was refused" in seen.log
    assert re.search(r"debug", seen.log)


def test_no_log_of_a_job_holds_a_secret(seen: Seen) -> None:
    for name, job in seen.jobs.items():
        assert lines_with(seen.client.log(job), [MARK, *seen.secrets]) == [], name
    for case in CASES:
        assert case.log in seen.client.log(seen.jobs[case.name])


def test_no_error_message_or_warning_of_a_job_holds_a_secret(seen: Seen) -> None:
    for name, job in seen.jobs.items():
        assert lines_with(json.dumps([job["error_message"], job["warnings"]]), [MARK, *seen.secrets]) == [], name
    failed = [name for name, job in seen.jobs.items() if job["status"] == "failed"]
    assert len(failed) >= 12, failed


def test_the_fields_of_the_client_come_back_as_they_were_sent(seen: Seen) -> None:
    assert f"{MARK}SIG" in seen.jobs["10.1.2.3/a.mp4"]["input_files"]["a.mp4"]
    assert f"{MARK}HOOK" in seen.jobs["webhook"]["webhook_url"]
    assert seen.jobs["metadata"]["ffmpeg_command"].count(MARK) == 3


def test_no_table_holds_an_api_key_or_a_signature_and_none_a_clients_that_need_not(seen: Seen) -> None:
    dump = seen.dump()
    assert {"jobs", "api_keys", "signing_keys", "attempts"} <= {*dump} | {"attempts"}
    own = signature(seen.jobs["own"]["input_files"]["a.mp4"])
    for table, text in dump.items():
        known = [secret for secret in seen.secrets if not (table in BY_CONTRACT and secret == own)]
        assert lines_with(text, known) == [], table
        assert table in BY_CONTRACT or MARK not in text, table
    digest = hashlib.sha256(seen.client.api_key.encode()).hexdigest()
    assert digest in dump["api_keys"]


def test_a_key_is_found_by_its_digest_alone_and_never_compared() -> None:
    """A look-up by SHA-256 takes a time that depends on the digest of what was sent.

    Nobody can choose a digest's first bytes to match those of a key unknown to them, so the time tells nothing about
    the key: this is what a comparison in constant time is for. No statement reads keys any other way.
    """
    names = {**vars(api_keys), **vars(callers), **vars(repository)}
    statements = {text for name, text in names.items() if name[0].isupper() and isinstance(text, str)}
    reading = {text for text in statements if "hash" in text and "INSERT" not in text}
    assert reading == {callers.CALLER, callers.CALL}
    assert all(text.count("hash") == 2 and "hash = %(hash)s" in text for text in reading)

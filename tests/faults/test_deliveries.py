"""kill -9 of each process of ours between the end of a job and the answer of its webhook."""

import http.server
import json
import queue
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.client import Json
from tests.faults.house import House, house
from tests.faults.test_database import end_database
from tests.faults.test_killed import kill
from tests.waiting import PATIENCE_SECONDS, until

TOLD = {"FFMILL_WORKER_LOST_SECONDS": "5", "FFMILL_WEBHOOK_RETRY_SECONDS": "1,1,1,1,1"}


@dataclass(kw_only=True)
class Receiver:
    """A receiver whose first call for each job is held until it is let go."""

    url: str
    calls: "queue.Queue[tuple[str, str]]" = field(default_factory=queue.Queue)  # job, delivery
    seen: set[str] = field(default_factory=set[str])
    go_on: threading.Event = field(default_factory=threading.Event)

    def is_called(self) -> tuple[str, str]:
        """Job and delivery of the next call."""
        return self.calls.get(timeout=PATIENCE_SECONDS)


@contextmanager
def receiver() -> Generator[Receiver]:
    """One that listens on loopback."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["id"]
            made.calls.put((job, self.headers["webhook-id"]))
            if job not in made.seen:
                made.seen.add(job)
                made.go_on.wait(PATIENCE_SECONDS)
            with suppress(OSError):  # of a caller that is dead
                self.send_response(204)
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(url=f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def deliveries(home: House, job: str) -> list[Json]:
    """The records of a job."""
    answer = home.client.call("GET", f"/api/jobs/{job}/deliveries")
    assert answer.status == 200, answer.body
    return answer.data


def check_one_delivery(home: House, job: str, delivery: str) -> None:
    """There is one record, and its receiver has taken it."""

    def is_delivered() -> bool:
        (record,) = deliveries(home, job)
        return record["state"] == "delivered"

    until(is_delivered, f"the webhook of {job} is delivered")
    (record,) = deliveries(home, job)
    assert (record["id"], record["attempts"][-1]["status_code"]) == (delivery, 204)


def test_no_delivery_is_lost_or_doubled_whatever_is_killed_before_it_is_answered(tmp_path: Path) -> None:
    kills: list[Callable[[House], object]] = [
        lambda home: kill(home, "worker"),
        lambda home: kill(home, "api"),
        lambda home: end_database(home, signal.SIGKILL),
    ]
    with receiver() as called, house(tmp_path, environment=TOLD) as home:
        for end in kills:
            called.go_on.clear()
            job, delivery = finish(home, called)
            end(home)
            called.go_on.set()
            check_one_delivery(home, job, delivery)
        called.go_on.clear()
        job, delivery = finish(home, called)
        home.kill_parent()
        called.go_on.set()
        with home.served_again():
            check_one_delivery(home, job, delivery)
            home.check()


def finish(home: House, called: Receiver) -> tuple[str, str]:
    """A job that has ended, and its delivery, whose call is held."""
    job = home.submit(1, webhook_url=called.url)
    while (call := called.is_called())[0] != job:
        pass  # of a job before, made twice since its first answer was lost
    return call

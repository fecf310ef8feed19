"""All faults that need no root, mixed at random under load: `make soak` (SOAK_SEED, SOAK_SECONDS).

What happens follows from the seed; when it happens, in the life of each job, does not.
"""

import os
import random
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer

from tests.acceptance.client import Json
from tests.faults.distant import house_on_s3
from tests.faults.house import BROKEN, House, published
from tests.faults.proxy import Proxy
from tests.faults.workers import start_worker, worker_of
from tests.source import Source, source
from tests.waiting import until

CLIENTS = 6
LOST_SECONDS = 3
SECOND = "second"
SETTINGS = {
    "FFMILL_WORKER_LOST_SECONDS": str(LOST_SECONDS),
    "FFMILL_MAX_ATTEMPTS": "1000",  # faults come faster than any job can bear
    "FFMILL_LOG_LEVEL": "warning",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a soak has seen."""

    faults: dict[str, list[float]]  # by name: seconds from each to the success of a job submitted after it
    ends: dict[str, int]  # how many jobs ended how
    again: int  # jobs that took more than one attempt

    def lines(self) -> list[str]:
        """The report as text."""
        shown = [
            f"{len(seconds):4} x {name:20} median {statistics.median(seconds):6.2f} s, longest {max(seconds):6.2f} s"
            for name, seconds in sorted(self.faults.items())
        ]
        jobs = ", ".join(f"{count} {status}" for status, count in sorted(self.ends.items()))
        return [*shown, f"jobs: {jobs}; {self.again} took more than one attempt; all invariants hold"]


@dataclass(kw_only=True)
class Soak:
    """A service on S3 with a worker beside it, clients that keep it busy, and what befalls it."""

    home: House
    proxy: Proxy
    source: Source
    dice: random.Random
    served: ExitStack
    second: subprocess.Popen[bytes]
    over: threading.Event = field(default_factory=threading.Event)
    seen: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    deck: list[str] = field(default_factory=list[str])  # faults that are still to come before one comes again

    def run(self, seconds: float, tell: Callable[[str], None]) -> Report:
        """Faults for so long, then peace, in which everything must come to its end."""
        with self.clients():
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.round(tell)
        until(self.proxy.over.is_set, "the store is back")
        self.keep_second()
        jobs = self.home.check()
        unasked = [job for job in jobs if job["status"] == "failed"]
        assert not unasked, unasked[0]["error_message"]
        attempts = [int(published(url).split("/")[1]) for job in jobs for url in job["output_files"].values()]
        statuses = [job["status"] for job in jobs]
        return Report(
            faults=dict(self.seen),
            ends={status: statuses.count(status) for status in set(statuses)},
            again=sum(attempt > 1 for attempt in attempts),
        )

    def round(self, tell: Callable[[str], None]) -> None:
        """One fault, or two in a row, and how long until a job submitted after it succeeds."""
        names = [self.draw() for _ in range(self.dice.choice([1, 1, 2]))]
        began = time.monotonic()
        for name in names:
            until(self.proxy.over.is_set, "the store is back")
            self.faults()[name]()
        self.keep_second()
        job = self.home.submit(1)
        until(lambda: self.home.get(job)["status"] == "succeeded", "a job submitted after the fault succeeds")
        took = time.monotonic() - began
        self.seen.setdefault(names[0] if len(names) == 1 else "two of them", []).append(took)
        tell(f"{took:8.2f} s  {' + '.join(names)}")

    def draw(self) -> str:
        """The next fault: in random order, and each before one comes again."""
        if not self.deck:
            self.deck = sorted(self.faults())
            self.dice.shuffle(self.deck)
        return self.deck.pop()

    def faults(self) -> dict[str, Callable[[], object]]:
        """What may befall the service, by name."""
        return {
            "worker killed": lambda: self.kill("worker"),
            "second worker killed": self.second.kill,
            "API killed": lambda: self.kill("api"),
            "postmaster killed": lambda: self.kill("postgres"),
            "PostgreSQL restarted": lambda: self.kill("postgres", signal.SIGINT),
            "parent killed": self.kill_parent,
            "store refuses": lambda: self.proxy.fail("refuse", self.dice.uniform(0.5, 5)),
            "store is silent": lambda: self.proxy.fail("stall", self.dice.uniform(0.5, 5)),
            "worker paused": self.pause_a_worker,
        }

    def kill(self, part: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends a part of the service, if it has not been ended already."""
        if pid := self.home.service.pid_of(part):
            os.kill(pid, how)

    def kill_parent(self) -> None:
        """Ends everything but the second worker, and starts it anew."""
        self.home.kill_parent()
        self.served.enter_context(self.home.served_again())

    def pause_a_worker(self) -> None:
        """Stops one that is at work for so long that it is taken for dead."""
        working = until(self.home.at_work(), "a job runs")
        try:
            paused = worker_of(self.dice.choice(sorted(working)))
            os.kill(paused, signal.SIGSTOP)
        except OSError:  # its command ended meanwhile
            return
        self.over.wait(LOST_SECONDS + 1)
        os.kill(paused, signal.SIGCONT)

    def keep_second(self) -> None:
        """What a supervisor of the other machine does."""
        if self.second.poll() is not None:
            self.second = start_worker(self.home, SECOND)

    @contextmanager
    def clients(self) -> Generator[None]:
        """Clients that work until left; raises what any of them found wrong."""
        running = list[Future[None]]()
        with ThreadPoolExecutor(CLIENTS) as threads:
            try:
                running = [threads.submit(self.be_client, random.Random(self.dice.random())) for _ in range(CLIENTS)]
                yield
            finally:
                self.over.set()
        for client in running:
            client.result()

    def be_client(self, dice: random.Random) -> None:
        """One job after the other, of all kinds."""
        while not self.over.is_set():
            inputs = {"input_files": {"in.bin": self.source.url}} if dice.random() < 0.5 else {}
            body = self.home.body(dice.randint(1, 3), slow=dice.random() < 0.5, **inputs)
            match dice.choice(["wait", "poll", "poll", "poll", "cancel"]):
                case "wait":
                    self.wait_for(body)
                case "cancel":
                    job = self.home.accept(self.home.client.call("POST", "/api/ffmpeg", body))
                    self.over.wait(dice.random())
                    self.home.client.call("POST", f"/api/jobs/{job}/cancel")
                case _:
                    job = self.home.accept(self.home.client.call("POST", "/api/ffmpeg", body))
                    until(lambda job=job: self.home.get(job)["finished_at"], "the job ends")

    def wait_for(self, body: Json) -> None:
        """In wait mode; an answer that broke off may have been to a job that was accepted."""
        try:
            answer = self.home.client.once("POST", "/api/ffmpeg?wait=true", body)
            if answer:
                self.home.accept(answer)
        except (*BROKEN, ValueError):
            pass


@contextmanager
def soaking(home: Path, seed: int) -> Generator[Soak]:
    """All that a soak needs, on a fresh directory."""
    with house_on_s3(home, SETTINGS) as (made, proxy), source() as inputs, ExitStack() as served:
        soak = Soak(
            home=made,
            proxy=proxy,
            source=inputs,
            dice=random.Random(seed),
            served=served,
            second=start_worker(made, SECOND),
        )
        try:
            yield soak
        finally:
            soak.second.kill()
            soak.second.wait()


def main() -> None:
    """Soaks as the environment says."""
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(1 << 32))
    seconds = float(os.environ.get("SOAK_SECONDS") or 180)
    typer.echo(f"soaking for {seconds:g} s; again with: make soak SOAK_SEED={seed} SOAK_SECONDS={seconds:g}")
    home = Path(tempfile.mkdtemp(prefix="ffmill-soak-"))
    typer.echo(f"logs: {home}/service")
    with soaking(home, seed) as soak:
        report = soak.run(seconds, typer.echo)
    for line in report.lines():
        typer.echo(line)


if __name__ == "__main__":
    main()

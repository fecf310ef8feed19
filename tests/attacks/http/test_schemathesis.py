"""Schemathesis over the document of the real API: examples, edge cases, random requests, and chains of them.

`FFMILL_TEST_EXAMPLES=2000` makes as many of each kind, each time others; `FFMILL_TEST_SEED` makes the same ones again.
"""

import asyncio
import copy
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from schemathesis.engine import Status as Verdict
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from ffmill.accounts import api_keys
from ffmill.accounts.model import Account, Scope
from ffmill.api.reference_page import operations
from ffmill.db.pool import Pool
from ffmill.errors import FailureCode
from ffmill.events.stories import AccountStory, JobStory
from ffmill.jobs import attempts
from ffmill.jobs.failure import Failure, Stage
from ffmill.jobs.model import Job, Output, Result, Status
from ffmill.jobs.service import Jobs
from ffmill.worker import registry
from tests.attacks.http.conftest import Target
from tests.integration.api.conftest import Service

Json = dict[str, Any]

FEW = 30
EXAMPLES = int(os.environ.get("FFMILL_TEST_EXAMPLES", FEW))
SEED = int(os.environ.get("FFMILL_TEST_SEED", 1 if EXAMPLES == FEW else random.getrandbits(32)))
PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "response_schema_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "ignored_auth",
    "unsupported_method",
    "use_after_free",
)


@dataclass
class Tally:
    """What became of all requests."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])  # by operation and status
    phases: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    faults: dict[str, str] = field(default_factory=dict[str, str])  # what is wrong → a request that shows it

    def scenario(self, recorder: ScenarioRecorder) -> None:
        """Takes what is recorded of some requests."""
        for case, interaction in recorder.interactions.items():
            if interaction.response is not None:
                self.answers[label(recorder, case), interaction.response.status_code] += 1
        for case, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info:
                    what = f"{label(recorder, case)}: {check.name}: {check.failure_info.failure}"
                    self.faults.setdefault(what, check.failure_info.code_sample)

    def event(self, event: events.EngineEvent) -> None:
        """Takes what the engine tells."""
        match event:
            case events.ScenarioFinished():
                self.scenario(event.recorder)
            case events.PhaseFinished():
                self.phases[event.phase.name.value] = event.status
            case events.NonFatalError():
                self.faults[f"{event.label}: {event.value!r}"] = ""
            case events.FatalError():
                raise event.exception
            case _:
                pass

    def told(self) -> str:
        """All faults, for a reader."""
        return f"seed {SEED}\n" + "\n".join(f"{what}\n    {sample}" for what, sample in self.faults.items())


def label(recorder: ScenarioRecorder, case: str) -> str:
    """The operation of a request, as `GET /healthz`."""
    return str(recorder.cases[case].value.operation.label)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # open generics


def attack(url: str, key: str, document: Json, phases: Sequence[str], examples: int) -> Tally:
    """Sends what Schemathesis makes of the document in those phases; so many requests or chains of each kind."""
    config = {
        "seed": SEED,
        "base-url": url,
        "headers": {"Authorization": f"Bearer {key}"},
        "generation": {"max-examples": examples, "deterministic": EXAMPLES == FEW, "database": "none"},
        "checks": {"enabled": False, **{check: {"enabled": True} for check in CHECKS}},
        "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
        "continue-on-failure": True,
        "suppress-health-check": ["all"],
        "request-timeout": 30,
        "output": {"sanitization": {"enabled": False}},
    }
    tally = Tally()
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))  # pyright: ignore[reportUnknownMemberType]  # a bare dict
    for event in from_schema(schema).execute():
        tally.event(event)
    return tally


async def end_all(pool: Pool) -> None:
    """Ends every queued job, one in three with an output, as a very fast worker would."""
    async with pool.connection() as connection:
        worker = await registry.register(connection, registry.Registration(name="w", machine="cpu", concurrency=1))
        ended = 0
        while claimed := await attempts.claim(connection, machine="cpu", worker=worker, ticket=1):
            await attempts.finish(connection, claimed.job, result(claimed.job, ended))
            ended += 1


def result(job: Job, number: int) -> Result:
    """How a job ends; there is nothing in the store, from which a probe would be read."""
    if number % 3 or job.program == "ffprobe":
        said = "ffmpeg exited with code 1"
        failure = Failure(code=FailureCode.UNKNOWN, stage=Stage.COMMAND, summary=said)
        return Result(status=Status.FAILED, error_message=said, error=failure, log="$ ffmpeg …\n")
    output = Output(name="card.png", key=f"outputs/{job.id}/1/card.png", bytes=7)
    return Result(status=Status.SUCCEEDED, outputs=(output,), total_input_bytes=0, log="$ ffmpeg …\nfertig ✓\n")


@pytest.fixture
async def target(service: Service) -> AsyncGenerator[Target]:
    """The API on a socket, for as long as it takes."""
    async with service.served() as (host, port, _):
        yield Target.of(service, host, port)


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs here; who waits for a job has all jobs ended first, and streams end as they begin."""
    wait = Jobs.wait

    async def hasty(self: Jobs, account: Account, job_id: UUID) -> Job:
        await end_all(self._pool)  # pyright: ignore[reportPrivateUsage]
        return await wait(self, account, job_id)

    monkeypatch.setattr(Jobs, "wait", hasty)
    for story in (JobStory, AccountStory):
        monkeypatch.setattr(story, "over", True)


async def admin_key(target: Target) -> str:
    """A key that opens every route."""
    service = target.service
    async with service.parts.pool.connection() as connection:
        return (await api_keys.create(connection, service.account.id, "admin", scopes=[Scope.ADMIN]))[0]


def document_of(target: Target) -> Json:
    """A copy of the API's document."""
    return copy.deepcopy(target.service.app.openapi())


@pytest.mark.usefixtures("worked")
async def test_no_request_makes_a_server_error_or_an_answer_that_the_document_does_not_know(target: Target) -> None:
    document = document_of(target)
    tally = await asyncio.to_thread(attack, target.url, await admin_key(target), document, PHASES, EXAMPLES)
    assert not tally.faults, tally.told()
    assert {tally.phases[phase] for phase in PHASES} == {Verdict.SUCCESS}
    labels = {f"{operation.method} {operation.path}" for operation in operations(document)}
    assert labels == {label for label, _ in tally.answers}
    assert sum(tally.answers.values()) > 10 * EXAMPLES


def willing(document: Json) -> Json:
    """The document with bodies that are accepted, and links that lead from an upload to the job that reads it.

    Of random bodies next to none passes the rules; what lies behind them would never be reached. The links take
    URLs apart, which OpenAPI's own cannot.
    """
    for operation in operations(document):
        about = operation.about
        about["parameters"] = [
            it for it in about.get("parameters", ()) if it["name"] not in ("Idempotency-Key", "wait")
        ]
        for content in about.get("requestBody", {}).get("content", {}).values():
            if examples := content.get("examples"):
                content["schema"] = {"enum": [example["value"] for example in examples.values()]}
    created = document["paths"]["/api/tmp-file"]["post"]["responses"]["200"]
    created["links"] = {
        "upload": {"operationId": "upload_file", "parameters": url_parts("upload_url")},
        "download": {"operationId": "download_file", "parameters": url_parts("download_url")},
        "use": {
            "operationId": "create_job",
            "requestBody": {
                "input_files": {"in": "$response.body#/data/download_url"},
                "output_files": ["out.png"],
                "ffmpeg_command": "-i {{in}} {{out.png}}",
            },
        },
    }
    document["paths"]["/files/{key}"]["put"]["responses"]["200"]["links"] = {
        "again": {
            "operationId": "upload_file",
            "parameters": {f"{where}.{name}": f"$request.{where}.{name}" for where, name, _ in URL_PARTS},
        }
    }
    return document


URL_PARTS = (
    ("path", "key", "files/([^?]+)"),
    ("query", "expires", "expires=([0-9]+)"),
    ("query", "kid", "kid=([0-9a-f]+)"),
    ("query", "sig", "sig=([A-Za-z0-9_-]+)"),
)


def url_parts(name: str) -> Json:
    """A signed URL of an answer as the parameters of a route."""
    return {f"{where}.{part}": f"$response.body#/data/{name}#regex:{words}" for where, part, words in URL_PARTS}


def only(document: Json, labels: Collection[str]) -> Json:
    """The document with no operations but these, and the links between them."""
    paths = {label.partition(" ")[2] for label in labels}
    document["paths"] = {path: methods for path, methods in document["paths"].items() if path in paths}
    known = {operation.about["operationId"] for operation in operations(document)}
    for operation in operations(document):
        for response in operation.about["responses"].values():
            links = response.pop("links", {})
            response["links"] = {name: link for name, link in links.items() if link["operationId"] in known}
    return document


CHAINS = {
    "jobs": {
        "POST /api/ffmpeg",
        "POST /api/jobs",
        "POST /api/jobs/batch",
        "GET /api/jobs",
        "GET /api/jobs/{job_id}",
        "GET /api/jobs/{job_id}/logs",
        "POST /api/jobs/{job_id}/cancel",
    },
    "files": {"POST /api/tmp-file", "PUT /files/{key}", "GET /files/{key}", "POST /api/ffmpeg"},
}


@pytest.mark.usefixtures("worked")
@pytest.mark.parametrize("chain", CHAINS)
async def test_no_chain_of_requests_makes_a_server_error(target: Target, chain: str) -> None:
    document = only(willing(document_of(target)), CHAINS[chain])
    key, often = await admin_key(target), 3 * EXAMPLES  # most steps of a chain are others than those looked for
    tally = await asyncio.to_thread(attack, target.url, key, document, ["stateful"], often)
    assert not tally.faults, tally.told()
    reached = {label for label, status in tally.answers if status == 200}
    assert reached == CHAINS[chain], tally.answers

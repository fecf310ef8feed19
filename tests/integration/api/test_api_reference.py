"""The OpenAPI document and the page made of it."""

import json
import re
import shlex
from typing import Any

import httpx
import pytest

from ffmill.api.reference_page import commands, operations

from .conftest import PICTURE, Service

ROUTES = {
    "/api/ffmpeg": {"post"},
    "/api/jobs": {"get", "post"},
    "/api/jobs/{job_id}": {"get"},
    "/api/jobs/{job_id}/cancel": {"post"},
    "/api/jobs/{job_id}/logs": {"get"},
    "/api/tmp-file": {"post"},
    "/healthz": {"get"},
    "/readyz": {"get"},
}


@pytest.fixture
def document(service: Service) -> dict[str, Any]:
    """The OpenAPI document."""
    return service.app.openapi()


def test_the_document_names_every_route(document: dict[str, Any]) -> None:
    named = {path: set(methods) for path, methods in document["paths"].items()}
    assert {path: named.get(path) for path in ROUTES} == ROUTES


def test_the_document_has_no_dangling_reference(document: dict[str, Any]) -> None:
    names = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert names <= set(document["components"]["schemas"])


def test_every_answer_that_holds_a_job_leads_to_its_routes(document: dict[str, Any]) -> None:
    found = {operation.about["operationId"]: operation.about for operation in operations(document)}
    for name in ("create_job", "create_job_too", "create_jobs", "list_jobs", "get_job", "cancel_job"):
        links = found[name]["responses"]["200"]["links"].values()
        assert {link["operationId"] for link in links} == {"get_job", "get_job_logs", "cancel_job"}
        assert all(link["parameters"]["job_id"].startswith("$response.body#/data/") for link in links)


def test_what_is_no_json_is_not_said_to_be(document: dict[str, Any]) -> None:
    kinds = {
        operation.about["operationId"]: {
            status: list(answer.get("content", ())) for status, answer in operation.about["responses"].items()
        }
        for operation in operations(document)
    }
    assert kinds["get_job_logs"]["200"] == ["text/plain"]
    assert (kinds["upload_file"]["200"], kinds["download_file"]["206"]) == ([], ["*/*"])
    refused = [kind for answers in kinds.values() for status, kind in answers.items() if status[0] in "45"]
    assert all(kind == ["application/json"] for kind in refused)


def test_every_operation_has_words_and_answers_and_none_answers_422(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert {"200"} <= set(operation["responses"]) | {"200" if path.startswith("/files") else ""}, (method, path)
            assert "422" not in operation["responses"], (method, path)


def test_every_field_of_request_and_job_is_described(document: dict[str, Any]) -> None:
    for name in ("JobRequest", "JobObject"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert schema.get("description"), (name, field)


def test_what_needs_a_key_says_so(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/jobs"]["get"]["security"] == [{"ApiKey": ["jobs:read"]}]
    assert "security" not in document["paths"]["/healthz"]["get"]
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


async def test_the_job_object_has_just_the_fields_that_the_document_says(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    answer = await client.post("/api/ffmpeg", json=PICTURE)
    assert set(answer.json()["data"]) == set(document["components"]["schemas"]["JobObject"]["properties"])


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="(?!#)([^"]+)"', page.text) == ["/api/docs/style.css", "/api/openapi.json"]
    assert "<script" not in page.text
    style = await client.get("/api/docs/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text
    assert (await client.get("/api/openapi.json")).json()["info"]["title"] == "ffmill"


def test_every_operation_shows_a_command_that_runs_as_it_is(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for command in commands(operation, "http://x").values():
            words = shlex.split(command)
            assert words[0] == "curl"
            assert ("-d" in words) == (
                "requestBody" in operation.about and "json" in str(operation.about["requestBody"])
            )
            assert "-d" not in words or json.loads(words[-1])
            assert not any("{" in word for word in words[:-1]), operation.path


async def test_the_page_has_a_place_for_every_link_within_it(client: httpx.AsyncClient) -> None:
    html = (await client.get("/api/docs")).text
    assert set(re.findall(r'href="#(\w+)"', html)) <= set(re.findall(r'id="(\w+)"', html))


async def test_the_root_leads_to_the_page_without_trusting_the_host(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Host": "evil.example.org"})
    assert answer.status_code == 307
    assert answer.headers["location"] == "/api/docs"

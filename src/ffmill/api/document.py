"""The OpenAPI document: FastAPI's, with the body that we read ourselves, without errors that are never given."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ffmill.api import admin_schemas
from ffmill.api.reference_page import operations
from ffmill.api.schemas import BatchRequest, JobRequest, ProbeRequest

INTRODUCTION = """\
ffmill runs FFmpeg commands as jobs: send commands and the URLs of their inputs, get signed URLs of their outputs.

Every request carries an API key, as the header `Authorization: Bearer ffm_…`, but those under Health, and those to \
`/files/…`, whose signature is the permission. \
An answer holds `data`, or `errorCode` and `message`; each carries an `X-Request-Id`, under which the service's log \
knows it. A failed job is not a failed request: it is answered with 200, its `status` is `failed`, its `error_message` \
says why. Try again after 429, 5xx and broken connections; never after another 4xx.\
"""
TAGS = ["Jobs", "Events", "Before you run", "Files", "Webhooks", "Usage", "Keys", "Health", "Administration"]
REFERENCES = "#/components/schemas/{model}"
SAMPLES = {"download_file": 'curl -OJ "$DOWNLOAD_URL"', "upload_file": 'curl -T video.mp4 "$UPLOAD_URL"'}
NEVER_GIVEN = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI, public_url: str) -> None:
    """Makes `app.openapi()` give the document, made once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, public_url)
        return app.openapi_schema

    app.openapi = openapi


def _document(app: FastAPI, public_url: str) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=INTRODUCTION,
        routes=app.routes,
        tags=[{"name": name} for name in TAGS],
        servers=[{"url": public_url}],
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in NEVER_GIVEN:
        schemas.pop(name, None)
    schemas["JobRequest"] = JobRequest.model_json_schema(ref_template=REFERENCES)
    schemas["BatchRequest"] = BatchRequest.model_json_schema(ref_template=REFERENCES)
    schemas["BatchRequest"].pop("$defs")
    schemas["ProbeRequest"] = ProbeRequest.model_json_schema(ref_template=REFERENCES)
    for body in admin_schemas.BODIES:
        schemas[body.__name__] = body.model_json_schema(ref_template=REFERENCES)
    for operation in operations(made):
        operation.about["responses"].pop("422", None)
        if sample := SAMPLES.get(operation.about["operationId"]):
            operation.about["x-codeSamples"] = [{"lang": "Shell", "source": sample}]
    return made

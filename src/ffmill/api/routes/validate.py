"""What can be said of a job before it is made."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.api import documented_checks
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import Reader
from ffmill.api.body import parse_object, read_body, understood
from ffmill.api.parts import parts_of
from ffmill.api.schemas import submission
from ffmill.checking.finding import Finding, Report

router = APIRouter(prefix="/api", tags=["Before you run"])


@router.post("/ffmpeg/validate", **documented_checks.VALIDATE)
async def validate(request: Request, caller: Reader) -> Response:
    """Problems and advice of what could be created; makes nothing."""
    parts = parts_of(request)
    text = await read_body(request, parts.settings.max_body_bytes)
    most = parts.settings.max_timeout_seconds
    asked = await understood(text, lambda: submission(parse_object(text), max_timeout_seconds=most))
    return JsonAnswer({"data": _object(await parts.checking.check(caller.account, asked))})


def _object(report: Report) -> dict[str, Any]:
    return {
        "valid": not report.problems,
        "commands": [{"argv": argv} for argv in report.argvs],
        "problems": _plain(report.problems),
        "warnings": _plain(report.warnings),
    }


def _plain(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [asdict(finding) for finding in findings]

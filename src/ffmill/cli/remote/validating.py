"""`ffmill validate`: what is wrong with an ffmpeg command, before anything goes up."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ffmill.cli.local.analysis import analyse
from ffmill.cli.local.files import Disk
from ffmill.cli.local.mended import as_typed
from ffmill.cli.local.plan import Plan
from ffmill.cli.local.stops import Stop
from ffmill.cli.remote import connection, hints, planned
from ffmill.cli.remote.printable import printable
from ffmill.cli.remote.service import opened
from ffmill.client import Validation


def run(words: Sequence[str], *, machine: str = "cpu", as_json: bool = False) -> int:
    """Prints problems and advice; 0 where there is no problem, ffmpeg's exit code where it would not even begin."""
    try:
        plan = analyse(words, Disk(root=Path.cwd()))
    except Stop as stop:
        return _stopped(stop, as_json=as_json)
    report = asyncio.run(_report(plan, machine))
    if as_json:
        print(json.dumps(asdict(report)))  # noqa: T201
    else:
        _show(plan, report)
    return 0 if report.valid else 1


async def _report(plan: Plan, machine: str) -> Validation:
    async with opened(connection.find()) as client:
        return await client.validate_body(planned.unsent(plan, machine))


def _stopped(stop: Stop, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"valid": False, "problems": [{"message": line} for line in stop.lines], "warnings": []}))  # noqa: T201
    else:
        sys.stderr.writelines(f"{printable(line)}\n" for line in stop.lines)
    return stop.exit_code


def _show(plan: Plan, report: Validation) -> None:
    for title, findings in (("problem", report.problems), ("advice", report.warnings)):
        for finding in findings:
            print(f"{title}: {printable(plan.local(finding.message))}")  # noqa: T201
            if finding.hint:
                print(f"  hint: {printable(hints.local(plan, finding.hint))}")  # noqa: T201
            if finding.corrected_command:
                print(f"  corrected: {printable(as_typed(plan, finding.corrected_command))}")  # noqa: T201
    if report.valid:
        print("valid")  # noqa: T201

"""The job of a plan, as the API has it."""

from collections.abc import Mapping

from ffmill.cli.local.plan import Plan
from ffmill.cli.local.uploads import Url

_NOT_UP = "https://example.org/"  # a local file has no URL yet, and what is checked before does not fetch any


def body(plan: Plan, urls: Mapping[str, str], machine: str) -> dict[str, object]:
    """The job with the inputs at these URLs."""
    return {
        "input_files": urls,
        "output_files": list(plan.asked_for),
        "ffmpeg_commands": list(plan.commands),
        "machine": machine,
    }


def unsent(plan: Plan, machine: str) -> dict[str, object]:
    """The job before anything is up, to be validated only."""
    urls = {name: one.url if isinstance(one, Url) else _NOT_UP + name for name, one in plan.inputs.items()}
    return body(plan, urls, machine)

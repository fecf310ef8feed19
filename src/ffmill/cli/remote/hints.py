"""What the service says of a job, in words for one who typed an ordinary ffmpeg command here."""

import re
from pathlib import Path

from ffmill.cli.local.mended import as_typed
from ffmill.cli.local.plan import Plan
from ffmill.cli.local.uploads import LocalFile, Url
from ffmill.client import Job

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_EMPTY = "{name} is empty"
_LOOK = "look at the file: it may be cut off, or of another kind than its name says"
_SAID = (  # what only a client of the API can do, and what it is here
    (r" \(in output_files too\)", ""),
    (r"list the output in output_files, and write \{\{NAME\}\} for it; .*", "make the directory first"),
    (
        r"give every file (that it names )?in input_files, and .*",
        "a file that it names is not here: such names are paths from where the list or playlist lies",
    ),
    (r'send the job with "machine": "nvidia"', "begin with ffmill ffmpeg --machine=nvidia"),
    (r"inputs are files of their names: write -i inputs/", "write -i "),
    (r"send the (job|file) again", "try it again"),
    (r"\{\{([^{}]*)\}\}", r"\1"),
)


def advice(plan: Plan, job: Job, root: Path) -> list[str]:
    """How to mend a job that failed, as far as that is known."""
    if job.error is None:
        return []
    code, summary, hint = job.error.code, job.error.summary, job.error.hint
    told = [f"hint: {one}" for one in (_hint(plan, code, summary, hint, root), forgotten(plan, root)) if one]
    if job.error.corrected_command:
        told.append(f"corrected: {as_typed(plan, job.error.corrected_command)}")
    return told


def forgotten(plan: Plan, root: Path) -> str:
    """Advice where a file that is there stands as an output, and nothing as an input; "" where that is not so."""
    first = next(iter(plan.claims), None)
    has_input = any(word in ("-i", "-filter_complex", "-lavfi") for word in plan.typed)
    is_meant = first is not None and not has_input and (root / first).is_file()
    return f"{first} is a file that is there: write -i before it to read it" if is_meant else ""


def local(plan: Plan, hint: str) -> str:
    """A hint without what only a client of the API can do."""
    for pattern, instead in _SAID:
        hint = re.sub(pattern, instead, hint)
    return plan.local(hint)


def _hint(plan: Plan, code: str, summary: str, hint: str, root: Path) -> str:
    if "its URL gives" in hint:
        hint = _of_input(plan, summary, root, otherwise=hint)
    elif code == "file_not_found" and "{{" in hint:
        named = _QUOTED.search(summary)
        near = f"; {hint}" if "{{NAME}}" not in hint else ""
        hint = f"there is no such file here: {named[1]}{near}" if named else hint
    return local(plan, hint)


def _of_input(plan: Plan, summary: str, root: Path, *, otherwise: str) -> str:
    """On an input that cannot be read: the one that `summary` names, or any."""
    named = [plan.inputs[name] for name in _QUOTED.findall(summary) if name in plan.inputs] or [*plan.inputs.values()]
    if any(isinstance(one, Url) for one in named):
        return otherwise
    empty = [one.path for one in named if isinstance(one, LocalFile) and _size(root / one.path) == 0]
    rest = otherwise.partition("; ")[2]
    return _EMPTY.format(name=empty[0]) if empty else "; ".join(filter(None, (_LOOK, rest)))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None

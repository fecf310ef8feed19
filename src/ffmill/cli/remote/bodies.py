"""The job of `ffmill run`: from the command line, or from a JSON file."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ffmill.cli.local.uploads import LocalFile, Upload, Url
from ffmill.errors import FfmillError

_STDIN = "-"


class NoSuchJob(FfmillError):
    """What was written is no job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A job, its inputs still local."""

    inputs: Mapping[str, Upload]
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])  # all the rest, as the API has it


def body_of(
    words: Sequence[str],
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
    commands: Sequence[str],
    machine: str | None,
) -> Body:
    """The job that a command line describes; raises NoSuchJob."""
    fields: dict[str, Any] = {}
    if len(words) == 1 and (words[0] == _STDIN or words[0].endswith(".json")):
        fields = _written(words[0])
    elif words:
        commands = [*commands, shlex.join(words)]
    named = {**_inputs(fields.pop("input_files", None) or {}), **dict(map(_named, inputs))}
    told = {"output_files": list(outputs), "ffmpeg_commands": list(commands), "machine": machine}
    fields |= {name: value for name, value in told.items() if value}
    if not {"ffmpeg_commands", "ffmpeg_command"} & fields.keys():
        raise NoSuchJob("there is no command: write it after --, or give a job as a .json file")
    return Body(inputs={name: _upload(where) for name, where in named.items()}, fields=fields)


def _written(path: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if path == _STDIN else Path(path).read_text()
        told = json.loads(text)
    except (OSError, ValueError) as error:
        raise NoSuchJob(f"{path} is no job as JSON: {error}") from error
    if not isinstance(told, dict):
        raise NoSuchJob(f"{path} is no job: it must be a JSON object")
    return cast("dict[str, Any]", told)


def _inputs(told: object) -> dict[str, str]:
    pairs = cast("dict[str, object]", told) if isinstance(told, dict) else {"": None}
    if not all(isinstance(where, str) for where in pairs.values()):
        raise NoSuchJob("input_files must be an object of names and paths or URLs")
    return cast("dict[str, str]", pairs)


def _named(text: str) -> tuple[str, str]:
    name, equals, where = text.partition("=")
    if not equals or not name or not where:
        raise NoSuchJob(f"-i {text}: write NAME=PATH or NAME=URL")
    return name, where


def _upload(where: str) -> Upload:
    if "://" in where:
        return Url(url=where)
    if not Path(where).is_file():
        raise NoSuchJob(f"{where}: there is no such file")
    return LocalFile(path=where)

"""What the service says of a job that is not made."""

from dataclasses import dataclass
from typing import Any

from ffmill.client.errors import UnexpectedAnswer


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem or a warning."""

    code: str
    message: str
    hint: str = ""
    command_index: int | None = None
    corrected_command: str | None = None


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What would become of a job."""

    valid: bool  # whether it would be accepted, and nothing is known that it must fail of
    commands: tuple[tuple[str, ...] | None, ...]  # what ffmpeg would get, of each command; None: not to be known
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def validation_of(told: Any) -> Validation:
    """The one in an answer; raises UnexpectedAnswer."""
    try:
        return Validation(
            valid=told["valid"],
            commands=tuple(None if each["argv"] is None else tuple(each["argv"]) for each in told["commands"]),
            problems=tuple(map(_finding, told["problems"])),
            warnings=tuple(map(_finding, told["warnings"])),
        )
    except (LookupError, TypeError) as error:
        raise UnexpectedAnswer(f"this is no validation: {error!r}") from error


def _finding(told: Any) -> Finding:
    return Finding(
        code=told["code"],
        message=told["message"],
        hint=told.get("hint") or "",
        command_index=told.get("command_index"),
        corrected_command=told.get("corrected_command"),
    )

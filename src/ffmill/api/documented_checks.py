"""The words of the reference on what is asked before a job is made: what each route takes and answers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ffmill.api.documented import EXAMPLES
from ffmill.api.documenting import body, route


class CommandObject(BaseModel):
    """A command as FFmpeg would get it."""

    argv: list[str] | None = Field(description="What follows the word `ffmpeg`; null where it cannot be read.")


class FindingObject(BaseModel):
    """A problem, or a piece of advice."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(description="What it is, for programs.")
    command_index: int | None = Field(description="The command that it is about, from 0; null: the whole job.")
    message: str = Field(description="What is wrong, in a sentence.")
    hint: str = Field(description="How to mend it; empty where the message says so, or it is not known.")
    corrected_command: str | None = Field(
        description="The command, mended, ready to be sent; null unless there is one sure way to mend it."
    )


class ReportObject(BaseModel):
    """All that can be said of a job before it runs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    valid: bool = Field(description="Whether there are no problems.")
    commands: list[CommandObject] = Field(description="The commands, in their order.")
    problems: list[FindingObject] = Field(description="Why the job would be refused, or would fail.")
    warnings: list[FindingObject] = Field(description="What would be done differently from what is asked, and advice.")


class ReportAnswer(BaseModel):
    """The report, wrapped."""

    data: ReportObject


class ProbeObject(BaseModel):
    """ffprobe's own JSON; what is in it depends on the file."""

    model_config = ConfigDict(extra="allow")

    format: dict[str, Any] = Field(description="The container: its name, duration, size, bit rate, tags.")
    streams: list[dict[str, Any]] = Field(description="Video, sound, subtitles: codec, size, rate, tags of each.")
    chapters: list[dict[str, Any]] = Field(description="Where they begin and end, and their titles.")


class ProbeAnswer(BaseModel):
    """The probe, wrapped."""

    data: ProbeObject


VALIDATE = route(
    "validate_job",
    "Check a job",
    "Takes what `POST /api/ffmpeg` takes, and makes no job: it says which rules the job breaks, all of them, what its"
    " commands name that the FFmpeg in service does not know, and what they could do better.",
    {"model": ReportAnswer, "description": "What can be said of the job; with problems, too."},
    *(400, 401, 413, 503),
    extra=body("JobRequest", dict(list(EXAMPLES.items())[:1])),
)
VALIDATE["responses"][400] |= {"description": "`validationError`: the wrong shape. A rule that fails is a problem."}
PROBE = route(
    "probe",
    "Look into a file",
    "What ffprobe tells of a file: container, streams, chapters. It is fetched and read by a worker, as an input of a"
    " job is; the answer comes within 55 seconds.",
    {"model": ProbeAnswer, "description": "ffprobe's JSON."},
    *(400, 401, 413, 503),
    extra=body("ProbeRequest", {"A video": {"url": "https://example.org/video.mp4"}}),
)
PROBE["responses"][400] |= {
    "description": "`validationError`: the wrong shape. `badRequest`: the file cannot be fetched, is no media, or took"
    " too long."
}
PROBE["responses"][503] |= {
    "description": "`unavailable`: no worker was free in time, or database or store cannot be reached. Try again."
}

"""What a client may send, checked in shape alone; the rules are the domain's."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

from ffmill.api.problems import Text, problems
from ffmill.api.quoting import quoted
from ffmill.errors import ValidationError
from ffmill.jobs.model import Submission
from ffmill.jobs.probing import MOST_SECONDS, USUAL_SECONDS

MOST_FILES = 1000
MOST_COMMANDS = 100
MOST_JOBS = 1000  # in a batch
MOST_PAIRS, NAME_CHARACTERS, VALUE_CHARACTERS = 50, 100, 1000  # of metadata
MACHINE_CHARACTERS = 100
COMMAND_BYTES = 256 << 10
URL_CHARACTERS = 16 << 10
FIELDS_TOLD = 20
CHARACTERS_TOLD = 4000
MOST_FIELDS = 10_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _command(value: str) -> str:
    if len(value.encode()) > COMMAND_BYTES:
        raise ValueError(f"must be at most {COMMAND_BYTES // 1024} KiB long")
    return value


def _url(value: str) -> str:
    if len(value) > URL_CHARACTERS:
        raise ValueError(f"must be at most {URL_CHARACTERS} characters long")
    if _CONTROL.search(value) or value != value.strip():
        raise ValueError("must hold no control characters, and no white space around it")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"must be a valid URL: {error}") from error
    if parts.scheme == "s3":
        raise ValueError("must be an http or https URL; s3 URLs are not read yet: send a presigned https URL")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an absolute http or https URL, as https://example.org/video.mp4")
    return value


def _at_most(count: int) -> BeforeValidator:
    """Refuses a dictionary that has more entries before it looks at any; of itself, pydantic checks all of them first.

    A list is measured by pydantic as it is read.
    """

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > count:  # pyright: ignore[reportUnknownArgumentType]  # plain JSON
            told = {"field_type": "Dictionary", "max_length": count, "actual_length": len(value)}  # pyright: ignore[reportUnknownArgumentType]
            raise PydanticKnownError("too_long", told)
        return value  # pyright: ignore[reportUnknownVariableType]

    return BeforeValidator(check)


def _none(value: Any) -> Any:
    """`[]` is how some languages write an empty object, and null how some clients write what they leave out."""
    return {} if value == [] or value is None else value


def _cpu(value: Any) -> Any:
    return "cpu" if value is None else value


def _zero(value: Any) -> Any:
    return 0 if value is None else value


Command = Annotated[Text, AfterValidator(_command)]
Url = Annotated[Text, AfterValidator(_url)]


class JobRequest(BaseModel):
    """A job to run: which files go in, which commands run, which files are kept."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        hide_input_in_errors=True,
        json_schema_extra={
            "oneOf": [
                {"required": ["ffmpeg_commands"], "properties": {"ffmpeg_commands": {"type": "array"}}},
                {"required": ["ffmpeg_command"], "properties": {"ffmpeg_command": {"type": "string"}}},
            ]
        },
    )

    input_files: Annotated[dict[Text, Url], BeforeValidator(_none), _at_most(MOST_FILES)] = Field(
        {},
        max_length=MOST_FILES,
        description="The inputs: a file name of your choice → the http or https URL it is fetched from. A name is one"
        " path segment of at most 255 bytes, without a leading `.` or `-`. Leave the field out when the commands make"
        " their own pictures.",
        examples=[{"video.mp4": "https://example.org/video.mp4"}],
    )
    output_files: list[Text] = Field(
        min_length=1,
        max_length=MOST_FILES,
        json_schema_extra={"uniqueItems": True},
        description="The files to keep, by name; also patterns as ffmpeg writes them (`frame_%03d.png`) and globs"
        " (`seg_*.ts`): every file that matches is kept under its own name.",
        examples=[["thumbnail.png"]],
    )
    ffmpeg_commands: list[Command] | None = Field(
        None,
        min_length=1,
        max_length=MOST_COMMANDS,
        description="What follows the word `ffmpeg`, one string a command, split into words as a shell would, never run"
        " by one. `{{name}}` stands for the path of an input or output. Commands run in order, in one directory, and"
        " the first that fails ends the job. Each at most 256 KiB.",
        examples=[["-i {{video.mp4}} -ss 1 -frames:v 1 {{thumbnail.png}}"]],
    )
    ffmpeg_command: Command | None = Field(
        None, description="One command alone, in place of `ffmpeg_commands`; exactly one of the two is given."
    )
    webhook_url: Url | None = Field(
        None, description="An http or https URL that is sent the job object by POST when the job has ended."
    )
    machine: Annotated[Text, BeforeValidator(_cpu)] = Field(
        "cpu",
        max_length=MACHINE_CHARACTERS,
        description="The worker pool that runs the job: `cpu`, `nvidia`, or another that the operator runs.",
    )
    timeout_seconds: int | None = Field(
        None,
        ge=1,
        description="Seconds that an attempt may take, from fetching its inputs to keeping its outputs; then the job"
        " fails. Default and maximum are the operator's, 6 hours each unless set.",
    )

    priority: Annotated[int, BeforeValidator(_zero)] = Field(
        0, ge=-10, le=10, description="Which of your own queued jobs come first: the higher ones. No job of others."
    )
    metadata: Annotated[dict[Text, Text], BeforeValidator(_none), _at_most(MOST_PAIRS)] = Field(
        {},
        max_length=MOST_PAIRS,
        description="Pairs of strings of your own, given back wherever the job is; jobs can be listed by them. At most"
        " 50, each name at most 100 characters long, each value 1,000.",
        examples=[{"order": "17"}],
    )

    @model_validator(mode="after")
    def _one_form(self) -> "JobRequest":
        if (self.ffmpeg_command is None) == (self.ffmpeg_commands is None):
            raise ValueError('give exactly one of "ffmpeg_commands" (a list) and "ffmpeg_command" (one string)')
        if len(set(self.output_files)) < len(self.output_files):
            raise ValueError("output_files: each name must be listed once")
        for name, value in self.metadata.items():
            if not 1 <= len(name) <= NAME_CHARACTERS or len(value) > VALUE_CHARACTERS:
                raise ValueError(
                    f"metadata: a name has 1 to {NAME_CHARACTERS} characters and a value at most {VALUE_CHARACTERS};"
                    f" {quoted(name)} does not"
                )
        return self


class BatchRequest(BaseModel):
    """Jobs to be accepted together; for the reference, since each is read by itself."""

    jobs: list[JobRequest] = Field(
        min_length=1, max_length=MOST_JOBS, description="Each as it would be created alone, 1 to 1,000 of them."
    )


class ProbeRequest(BaseModel):
    """A file to look at."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    url: Url = Field(
        description="The http or https URL of a file: of the world, of a temporary file, of a job's output.",
        examples=["https://example.org/video.mp4"],
    )
    timeout_seconds: int | None = Field(
        None,
        ge=1,
        le=MOST_SECONDS,
        description=f"Seconds that fetching and reading it may take; {USUAL_SECONDS} unless given.",
    )

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """What a body asks for; raises ValidationError that lists every problem with its place."""
        try:
            return cls.model_validate(body)
        except pydantic.ValidationError as error:
            raise ValidationError(problems(error)) from error


def submission(body: dict[str, Any], *, max_timeout_seconds: int) -> Submission:
    """What the body of a create asks for; raises ValidationError that lists every problem with its place."""
    if len(body) > MOST_FIELDS:
        raise ValidationError(f"a job has at most {MOST_FIELDS:,} fields, unknown ones included, not {len(body):,}")
    try:
        asked = JobRequest.model_validate(body)
    except pydantic.ValidationError as error:
        raise ValidationError(problems(error)) from error
    if asked.timeout_seconds is not None and asked.timeout_seconds > max_timeout_seconds:
        raise ValidationError(f"timeout_seconds: must be at most {max_timeout_seconds}")
    commands = asked.ffmpeg_commands if asked.ffmpeg_command is None else [asked.ffmpeg_command]
    return Submission(
        input_files=asked.input_files,
        output_files=tuple(asked.output_files),
        ffmpeg_commands=tuple(commands or ()),
        webhook_url=asked.webhook_url,
        machine=asked.machine,
        timeout_seconds=asked.timeout_seconds,
        priority=asked.priority,
        metadata=asked.metadata,
        warnings=tuple(_ignored(body)),
    )


def submissions(body: dict[str, Any], *, max_timeout_seconds: int) -> list[Submission]:
    """What the body of a batch asks for; raises ValidationError that names the first job that is wrong."""
    jobs = body.get("jobs")
    if not isinstance(jobs, list) or not 1 <= len(jobs) <= MOST_JOBS:  # pyright: ignore[reportUnknownArgumentType]  # plain JSON
        raise ValidationError(f"jobs: must be a list of 1 to {MOST_JOBS:,} jobs")
    asked: list[Submission] = []
    for at, job in enumerate(jobs):  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
        if not isinstance(job, dict):
            raise ValidationError(f"jobs[{at}]: must be an object")
        try:
            asked.append(submission(job, max_timeout_seconds=max_timeout_seconds))  # pyright: ignore[reportUnknownArgumentType]
        except ValidationError as error:
            raise ValidationError(f"jobs[{at}].{error.message}") from error
    return asked


def _ignored(body: dict[str, Any]) -> Iterable[str]:
    unknown = [name for name in body if name not in JobRequest.model_fields]
    yield from (f"the field {quoted(name)} is not known and was ignored" for name in unknown[:FIELDS_TOLD])
    if len(unknown) > FIELDS_TOLD:
        more = ", ".join(map(quoted, unknown[FIELDS_TOLD:]))
        yield f"{len(unknown) - FIELDS_TOLD} more unknown fields were ignored: {more[:CHARACTERS_TOLD]}"

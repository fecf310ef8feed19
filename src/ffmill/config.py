"""Every setting of ffmill, read from `FFMILL_` variables and validated at start."""

import os
import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ffmill.errors import CannotStart

GIB = 1 << 30
MACHINE = re.compile(r"[a-z][a-z0-9-]{0,30}")
LONGEST_PAUSE = 30 * 24 * 3600
RESERVED = ("webhooks", "housekeeping")  # queues of our own


def check_machine(name: str) -> str:
    """The name, which may be that of a machine; raises ValueError."""
    if not MACHINE.fullmatch(name) or name in RESERVED:
        rule = f"up to 31 small letters, digits and dashes, a letter first, none of {', '.join(RESERVED)}"
        raise ValueError(f"{name!r} cannot be the name of a machine: {rule}")
    return name


class Settings(BaseSettings):
    """Each field is the variable `FFMILL_<NAME>`; descriptions name the unit and appear in the documentation."""

    model_config = SettingsConfigDict(env_prefix="FFMILL_", extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(
        default=Path("ffmill-data"),
        description="Directory that holds everything the service writes: database, files, scratch.",
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port the API listens on; 0 takes a free one.")
    public_url: str | None = Field(
        default=None,
        description="Address under which clients reach the API; signed URLs start with it. Default: the bound one.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 14 or newer, direct or through a session pooler. Default: the embedded PostgreSQL.",
    )
    store_url: str | None = Field(
        default=None,
        description="Where files are kept: `file:///path` or `s3://bucket/prefix`. Default: `store` in data_dir.",
    )
    s3_endpoint: str | None = Field(
        default=None, description="Endpoint of an S3-compatible store; AWS itself when not set."
    )
    s3_region: str | None = Field(
        default=None, description="Region of the bucket. Default: `AWS_REGION`, else `us-east-1`."
    )
    s3_access_key_id: str | None = Field(
        default=None, description="Access key of the bucket. Default: `AWS_ACCESS_KEY_ID`."
    )
    s3_secret_access_key: SecretStr | None = Field(
        default=None, description="Secret of that access key. Default: `AWS_SECRET_ACCESS_KEY`."
    )
    redirect_downloads: bool = Field(
        default=False, description="Answer downloads from S3 with a redirect to the store's own presigned URL."
    )
    scratch: Path | None = Field(
        default=None, description="Directory of the attempts at work. Default: `scratch` in the data directory."
    )
    machines: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("cpu",),
        description="Worker pools that this installation runs, separated by commas: `cpu`, `nvidia`, others you name.",
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=1024, description="Jobs at once on a worker. Default: its cores."
    )
    threads: int | None = Field(
        default=None,
        ge=1,
        description="Cores that one job may use, and threads that FFmpeg starts by itself. Default: all.",
    )
    sandbox: Literal["auto", "full", "landlock", "off"] = Field(
        default="auto",
        description="How commands are confined. `full`: in namespaces, or the worker does not start. `landlock`: by "
        "what needs no privilege. `auto`: the first of them that works here. `off`: no cage; trusted use only.",
    )
    seccomp: Literal["allow", "deny"] = Field(
        default="allow",
        description="System calls of a command: `allow` lets through what FFmpeg needs, `deny` all but what no media "
        "program needs, for builds of FFmpeg that the first is too little for.",
    )
    ffmpeg: Path | None = Field(default=None, description="The ffmpeg to run. Default: the one that comes with ffmill.")
    ffprobe: Path | None = Field(
        default=None, description="The ffprobe to run. Default: the one that comes with ffmill."
    )
    allow_nets: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Private networks that inputs and webhooks may reach, as CIDR, separated by commas."
    )
    deny_nets: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks that inputs and webhooks may not reach, public ones of your own, as CIDR; goes before "
        "`FFMILL_ALLOW_NETS`.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins whose pages may call the API, separated by commas."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks of your reverse proxies, as CIDR, separated by commas: of requests from there, the client"
        " is whom `X-Forwarded-For` names.",
    )
    rate_limit: int = Field(
        default=10,
        ge=0,
        description="Requests a second of an account, and of an address without a key; bursts of twice as many. 0: any"
        " number.",
    )
    rate_limit_paid: int = Field(
        default=100, ge=0, description="The same of an account that is marked paid, as the owner's is."
    )
    keep_outputs_days: float = Field(default=30, gt=0, description="Days for which outputs are kept after a job.")
    keep_uploads_days: float = Field(
        default=1, ge=1 / 24, description="Days for which temporary files are kept; at least the hour of their URLs."
    )
    keep_logs_days: float = Field(default=90, gt=0, description="Days for which job logs are kept after the attempt.")
    keep_jobs_days: float = Field(
        default=365, gt=0, description="Days for which jobs are known; with them go their files and logs."
    )
    webhook_timeout_seconds: float = Field(
        default=15, gt=0, description="A webhook that has not answered after so many seconds has failed."
    )
    webhook_retry_seconds: Annotated[tuple[float, ...], NoDecode] = Field(
        default=(5, 30, 300, 1800, 7200),
        description="Pauses before a failed webhook is called again, in seconds, separated by commas; each is made"
        " up to a fifth longer at random.",
    )
    price_per_gb: float = Field(
        default=0, ge=0, description="What a GB (10⁹ bytes) costs, in and out together, for `GET /api/usage` to tell."
    )
    price_per_cpu_second: float = Field(default=0, ge=0, description="What a second of CPU costs.")
    price_per_gpu_second: float = Field(default=0, ge=0, description="What a second with a GPU costs.")
    currency: str = Field(default="USD", description="The currency of the prices.")
    metrics: Literal["key", "open", "off"] = Field(
        default="key",
        description="Who may read `/metrics`: who has an administrator's `key`, everybody (`open`), nobody (`off`).",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Where traces are sent by OTLP over HTTP, as `http://collector:4318`. Needs the extra `traces`."
        " Default: there are none.",
    )
    max_streams: int = Field(
        default=1000, ge=1, description="Event streams that an account may have open on one API process."
    )
    max_body_bytes: int = Field(
        default=8 << 20, ge=1024, description="Largest body of a request, uploads apart, in bytes."
    )
    max_upload_bytes: int = Field(default=10 * GIB, ge=1, description="Largest upload of a temporary file, in bytes.")
    max_input_bytes: int = Field(default=10 * GIB, ge=1, description="Largest single input, in bytes.")
    max_output_bytes: int = Field(
        default=20 * GIB, ge=1, description="Largest single file that a command may write, in bytes."
    )
    max_job_bytes: int = Field(
        default=40 * GIB, ge=1, description="Scratch space of a job: all inputs and all files written, in bytes."
    )
    max_memory_bytes: int = Field(default=8 * GIB, ge=64 << 20, description="Memory of one command, in bytes.")
    max_threads: int = Field(default=8192, ge=8, description="Threads of one command.")
    max_cpu_seconds: int | None = Field(
        default=None,
        ge=1,
        description="CPU time of one command, in seconds, all its threads together. Default: what its time allows.",
    )
    default_timeout_seconds: int = Field(
        default=21600, ge=1, description="`timeout_seconds` of a job that names none; the largest where that is less."
    )
    max_timeout_seconds: int = Field(default=21600, ge=1, description="Largest `timeout_seconds`.")
    wait_limit_seconds: int = Field(
        default=900, ge=1, description="After so many seconds a `?wait=true` job is cancelled."
    )
    max_attempts: int = Field(default=10, ge=1, description="Attempts of a job whose workers die, before it fails.")
    worker_lost_seconds: int = Field(
        default=30,
        ge=2,
        description="A worker that is silent for so many seconds is taken for dead; its jobs are queued again.",
    )
    drain_seconds: float = Field(
        default=3.0,
        ge=0,
        description="A worker told to stop lets its jobs finish for so many seconds, then hands them back.",
    )
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines are written.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )

    @field_validator("machines", "cors_origins", "webhook_retry_seconds", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("webhook_retry_seconds")
    @classmethod
    def _no_haste(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 <= pause <= LONGEST_PAUSE for pause in value):
            raise ValueError(f"a pause has 0 to {LONGEST_PAUSE} seconds, 30 days")
        return value

    @field_validator("allow_nets", "deny_nets", "trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())

    @field_validator("machines")
    @classmethod
    def _machine_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) < len(value):
            raise ValueError("name at least one machine, as cpu, and each once")
        return tuple(map(check_machine, value))

    @field_validator("public_url", "otlp_endpoint")
    @classmethod
    def _absolute_url(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).netloc):
            raise ValueError("must be an absolute http or https URL, as https://media.example.org")
        return value.rstrip("/") if value else None

    @field_validator("store_url")
    @classmethod
    def _known_store(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("file", "s3"):
            raise ValueError("must be file:///path or s3://bucket/prefix")
        return value

    @cached_property
    def root(self) -> Path:
        """The data directory as an absolute path."""
        return Path(self.data_dir).absolute()

    @property
    def scratch_dir(self) -> Path:
        """Where attempts work."""
        return Path(self.scratch).absolute() if self.scratch else self.root / "scratch"

    @property
    def effective_store_url(self) -> str:
        """The store's URL, the default included."""
        return self.store_url or (self.root / "store").as_uri()

    @property
    def effective_public_url(self) -> str:
        """The start of every URL that we hand out, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def slots(self) -> int:
        """Jobs at once on this worker."""
        return self.concurrency or len(os.sched_getaffinity(0))


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; `overrides` (command-line options) win where they are not None.

    Raises CannotStart that lists every mistake with its variable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        mistakes = (f"FFMILL_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors() if item["loc"])
        raise CannotStart("the settings are wrong:\n  " + "\n  ".join(mistakes)) from error

"""Which service a user's commands call, and by which key."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import typer

from ffmill.errors import FfmillError

LOCAL = "http://127.0.0.1:8000"  # where `ffmill serve` listens unless told otherwise
_LOCAL_KEY = Path("ffmill-data", "api-key")


class NotConnected(FfmillError):
    """No service is known, or it let nobody in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A service and a key for it."""

    url: str
    api_key: str = field(repr=False)


def find(environment: Mapping[str, str] = os.environ, directory: Path | None = None) -> Connection:
    """The service that the environment names, or `ffmill login` did, or a local `ffmill serve` beside us.

    A key is only ever used for the service that it was given for. Raises NotConnected where none is known.
    """
    url, key = base_of(environment.get("FFMILL_URL", "")), environment.get("FFMILL_API_KEY")
    kept, local = kept_login(), _local(directory or Path.cwd())
    known = kept or local
    if key:
        return Connection(url=url or (known.url if known else LOCAL), api_key=key)
    for one in (kept, local):
        if one and (not url or url == base_of(one.url)):
            return one
    raise NotConnected(
        f"there is no key for {url}: set FFMILL_API_KEY, or run `ffmill login`"
        if url
        else "no service is known: run `ffmill login`, or set FFMILL_URL and FFMILL_API_KEY"
    )


def base_of(url: str) -> str:
    """A service's own URL, where that of its API was written, as the documentation of an API often has it."""
    return url.rstrip("/").removesuffix("/api").rstrip("/")


def login_path() -> Path:
    """Where `ffmill login` keeps what it was told."""
    return Path(typer.get_app_dir("ffmill"), "login.json")


def kept_login() -> Connection | None:
    """What `ffmill login` kept; raises NotConnected where that cannot be read."""
    path = login_path()
    try:
        told = json.loads(path.read_text())
        return Connection(url=str(told["url"]), api_key=str(told["api_key"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotConnected(f"{path} cannot be read ({error}): run `ffmill login`") from error


def keep(connection: Connection) -> Path:
    """Keeps a login, for its owner's eyes only."""
    path = login_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(new, "w", opener=_private) as file:
        json.dump(asdict(connection), file)
    new.replace(path)
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)


def _local(directory: Path) -> Connection | None:
    try:
        return Connection(url=LOCAL, api_key=(directory / _LOCAL_KEY).read_text().strip())
    except OSError:
        return None

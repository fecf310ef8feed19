"""The programs that `ffmill serve` runs, each in a process of its own that dies with it."""

import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from ffmill import tether
from ffmill.cli.gate import VARIABLE, Gate
from ffmill.cli.supervisor import Program
from ffmill.config import Settings
from ffmill.db.embedded import EmbeddedPostgres
from ffmill.listener import INHERITED


def environment(settings: Settings, postgres: EmbeddedPostgres | None) -> dict[str, str]:
    """What the children are told: our own environment, and what the command line and the defaults made of it."""
    told = {
        "FFMILL_DATA_DIR": str(settings.root),
        "FFMILL_HOST": settings.host,
        "FFMILL_PORT": str(settings.port),
    }
    return {**os.environ, **told, **({"FFMILL_DATABASE_URL": postgres.url} if postgres else {})}


def postgres_program(postgres: EmbeddedPostgres) -> Program:
    """The embedded PostgreSQL: fast shutdown, then immediate, then none."""
    return Program(
        name="postgres",
        command=postgres.command,
        environment={},
        output=postgres.log,
        endings=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
    )


def setup_program(told: Mapping[str, str]) -> Program:
    """What must be done before the others can start."""
    return _ffmill("setup", told)


def api_program(told: Mapping[str, str], gate: Gate, listener: socket.socket) -> Program:
    """The API, on a socket that outlives it: while it is started again, clients wait instead of being refused."""
    return _ffmill("api", told, inherited={VARIABLE: gate.entrance, INHERITED: listener.fileno()})


def worker_program(told: Mapping[str, str], gate: Gate, settings: Settings, machine: str) -> Program:
    """A worker under a name that stays, by which it takes back at once what its predecessor left behind."""
    name = f"{_installation(settings.root)}-{machine}"
    return _ffmill(f"worker --machine {machine} --name {name}", told, inherited={VARIABLE: gate.entrance})


def _ffmill(command: str, told: Mapping[str, str], inherited: Mapping[str, int] | None = None) -> Program:
    """`inherited`: descriptors that stay open in the child, and the variables that tell it which."""
    inherited = inherited or {}
    argv = [sys.executable, "-m", "ffmill.cli.main", *command.split()]
    return Program(
        name=command.partition(" --name")[0],
        command=lambda: tether.command(argv),
        environment={**told, **{name: str(descriptor) for name, descriptor in inherited.items()}},
        descriptors=tuple(inherited.values()),
    )


def _installation(data_dir: Path) -> str:
    """A name of this data directory that no other one has."""
    path = data_dir / "installation"
    if not path.exists():
        path.write_text(secrets.token_hex(8))
    return path.read_text()

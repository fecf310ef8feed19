"""Sockets of the host that nothing in a cage may reach."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.cage.canaries import SOCKET


@dataclass(frozen=True, slots=True)
class Listeners:
    """By TCP, UDP, and unix sockets with and without a path; the kernel takes what arrives, so nothing is missed."""

    sockets: dict[str, socket.socket]
    unix: str
    abstract: str
    reached: asyncio.Event  # set as soon as anything arrives

    @classmethod
    @contextmanager
    def open(cls, directory: Path, name: str) -> Generator["Listeners"]:
        """Opened on loopback and in the directory; every user may connect. Needs a running loop."""
        unix, abstract = directory / SOCKET, f"\0{name}"
        with ExitStack() as stack:
            opened = {
                "TCP": stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
                "UDP": stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
                "unix": stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)),
                "abstract unix": stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)),
            }
            for kind, address in (
                ("TCP", ("127.0.0.1", 0)),
                ("UDP", ("127.0.0.1", 0)),
                ("unix", str(unix)),
                ("abstract unix", abstract),
            ):
                opened[kind].bind(address)
                opened[kind].setblocking(False)
                if opened[kind].type == socket.SOCK_STREAM:
                    opened[kind].listen()
            unix.chmod(0o777)
            yield cls(opened, str(unix), f"@{name}", asyncio.Event())

    @property
    def port(self) -> int:
        """Of TCP."""
        return self.sockets["TCP"].getsockname()[1]

    @property
    def udp(self) -> int:
        """The port of UDP."""
        return self.sockets["UDP"].getsockname()[1]

    @contextmanager
    def watched(self) -> Generator[None]:
        """Sets `reached` at the first that arrives meanwhile."""
        loop = asyncio.get_running_loop()
        self.reached.clear()
        for each in self.sockets.values():
            loop.add_reader(each, self._reach, each)
        try:
            yield
        finally:
            for each in self.sockets.values():
                loop.remove_reader(each)

    def _reach(self, each: socket.socket) -> None:
        self.reached.set()
        asyncio.get_running_loop().remove_reader(each)  # it stays readable until it is looked at

    def look(self) -> list[str]:
        """What arrived since the last look, a sentence each."""
        found = list[str]()
        for name, each in self.sockets.items():
            with suppress(BlockingIOError):
                while True:
                    if each.type == socket.SOCK_STREAM:
                        each.accept()[0].close()
                    else:
                        each.recv(1 << 16)
                    found.append(f"the {name} socket was reached")
        return found

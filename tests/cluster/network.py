"""Hosts of their own in network namespaces, on one switch whose cables can be pulled.

A namespace lives as long as a process that holds it, and that one reads from us: nothing has a name in the file
system, and all of it is gone when the tests are, by kill -9 too.
"""

import os
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.place import Place

# RFC 2544: 198.18.0.0/15 is for tests of networks, and so nobody's; two that run at once take two parts of it
NETWORK = f"198.{18 + os.getpid() % 2}.{os.getpid() // 2 % 256}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A host with one address, and the port of the switch that its cable is in."""

    place: Place
    port: str


@dataclass(kw_only=True)
class Switch:
    """A switch in a namespace of its own; this machine is plugged in too."""

    holder: int  # a process in its namespace
    stack: ExitStack = field(repr=False)
    hosts: int = 0

    def begin(self) -> None:
        """Makes the switch, and gives this machine an address on it; our end of the cable goes with the switch."""
        self._ip("link", "add", "name", "switch", "type", "bridge")
        self._ip("link", "set", "switch", "up")
        name = f"ffmill{os.getpid()}"
        subprocess.run(f"ip link add name {name} type veth peer name uplink netns {self.holder}".split(), check=True)
        subprocess.run(f"ip addr add {NETWORK}.1/24 dev {name}".split(), check=True)
        subprocess.run(f"ip link set {name} up".split(), check=True)
        self._ip("link", "set", "uplink", "master", "switch", "up")

    def add(self) -> Host:
        """Plugs a new host in."""
        self.hosts += 1
        host, port = self.stack.enter_context(namespace()), f"port{self.hosts}"
        address = f"{NETWORK}.{self.hosts + 1}"
        self._ip("link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", str(host))
        self._ip("link", "set", port, "master", "switch", "up")
        place = Place(address=address, enter=entrance(host))
        for words in (f"addr add {address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            subprocess.run(place.command(["ip", *words.split()]), check=True)
        return Host(place=place, port=port)

    def cut(self, host: Host) -> None:
        """Pulls the host's cable: it and the others hear no more of each other."""
        self._ip("link", "set", host.port, "down")

    def mend(self, host: Host) -> None:
        """Plugs it in again."""
        self._ip("link", "set", host.port, "up")

    def _ip(self, *words: str) -> None:
        subprocess.run([*entrance(self.holder), "ip", *words], check=True)


@contextmanager
def switch() -> Generator[Switch]:
    """A switch without hosts; everything plugged in goes with it."""
    with ExitStack() as stack:
        made = Switch(holder=stack.enter_context(namespace()), stack=stack)
        made.begin()
        yield made


@contextmanager
def namespace() -> Generator[int]:
    """A network namespace: the process that holds it."""
    holder = ["unshare", "--net", "sh", "-c", "echo made; read end"]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"made\n"
        yield process.pid


def entrance(holder: int) -> tuple[str, ...]:
    """What goes before a command line to run it in a namespace."""
    return ("/usr/bin/nsenter", f"--net=/proc/{holder}/ns/net", "--")


def may_be_made() -> bool:
    """Whether this machine lets us make network namespaces."""
    tried = ["unshare", "--net", "ip", "link", "add", "name", "try", "type", "bridge"]
    return os.geteuid() == 0 and Path("/usr/bin/nsenter").exists() and _succeeds(tried)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False

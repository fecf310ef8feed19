"""The proof that the attacks are real: a cloud in a network namespace, whose metadata service would answer.

Two namespaces, one cable: in one a worker, in the other a cloud that has the public and the private addresses. What
the check refuses arrives there at once where the operator lists its network, and the public is reached without that.
"""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from ffmill.net.failures import REFUSED
from tests.attacks.ssrf.canary import REDIRECT
from tests.attacks.ssrf.probe import Try
from tests.attacks.ssrf.ways import WAYS, Outcome
from tests.cluster.network import entrance, may_be_made, namespace

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(not may_be_made(), reason="makes network namespaces; needs root"),
]

PUBLIC, PUBLIC_V6, OWN, OWN_V6 = "8.8.8.8", "2606:4700::1111", "9.9.9.9", "2620:fe::fe"
CLOUD_V4 = [PUBLIC, "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "10.0.0.1", "192.168.0.1"]
CLOUD_V6 = [
    PUBLIC_V6,
    "fd00:ec2::254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:a9fe:a9fe::1",
    "2600::5efe:a00:1",
]
CABLE = "ip link set lo up; ip address add {0}/24 dev eth0; ip address add {1}/64 dev eth0 nodad; ip link set eth0 up;"

REFUSED_HOSTS = [
    *CLOUD_V4[1:],
    *(f"[{address}]" for address in CLOUD_V6[1:]),
    "[::ffff:169.254.169.254]",
    "0xa9fea9fe",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "public.example@169.254.169.254",
    "metadata.example",
    "mapped.example",
    "127.0.0.1",
    "0.0.0.0",
    "[::]",
    "[::1]",
    "0x7f.1",
    "[::ffff:127.0.0.1]",
    "198.51.100.2",
    OWN,
    f"[::ffff:{OWN}]",
    f"[{OWN_V6}]",
    "own.example",
]
ZONE = {
    "metadata.example": [["169.254.169.254"]],
    "mapped.example": [["::ffff:a9fe:a9fe"]],
    "own.example": [[OWN, OWN_V6]],
    "mixed.example": [["169.254.169.254", "10.0.0.1", PUBLIC, "::1", OWN]],
    "rebinding.example": [[PUBLIC], ["169.254.169.254"]],
}
SYSTEM_HOSTS = [
    "localhost",
    "LOCALHOST",
    "0x7f.1",
    "0x7f000001",
    "127.0x1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "0xa9fea9fe",
    "0xa9.0xfe.43518",
]
EVERYTHING = ["0.0.0.0/0", "::/0"]


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The two namespaces, each by the process that holds it."""

    worker: int
    cloud: int
    directory: Path

    def make(self, tries: list[Try]) -> tuple[list[Outcome], list[str]]:
        """What became of the tries, and where requests arrived."""
        command = [*entrance(self.worker), sys.executable, "-m", "tests.attacks.ssrf.probe", str(self.directory)]
        given = json.dumps([asdict(one) for one in tries])
        with _canary(self.cloud) as there, _canary(self.worker) as here:
            ran = subprocess.run(command, input=given, check=True, capture_output=True, text=True)
            arrived = [*_end(there), *_end(here)]
        told = ran.stdout.rpartition("\n")[2]  # before it lie the lines of the log
        return [Outcome(**one) for one in json.loads(told)], arrived


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """A worker with an address of its own and a way to the cloud."""
    with namespace() as worker, namespace() as cloud:
        _in(worker, f"ip link add eth0 type veth peer name eth0 netns {cloud}")
        _in(worker, CABLE.format("198.51.100.2", "2001:db8::2"))
        _in(cloud, CABLE.format("198.51.100.1", "2001:db8::1"))
        _in(worker, "ip route add default via 198.51.100.1; ip route add default via 2001:db8::1")
        _in(worker, f"ip address add {OWN}/32 dev lo; ip address add {OWN_V6}/128 dev lo nodad")
        _in(cloud, "".join(f"ip address add {address} dev lo;" for address in CLOUD_V4))
        _in(cloud, "".join(f"ip address add {address} dev lo nodad;" for address in CLOUD_V6))
        yield World(worker=worker, cloud=cloud, directory=tmp_path_factory.mktemp("probe"))


def _tries(hosts: list[str], allow: list[str]) -> list[Try]:
    zones = {host: None if host in SYSTEM_HOSTS else ZONE for host in hosts}
    return [Try(way=way, url=f"http://{host}/", allow=allow, zone=zone) for host, zone in zones.items() for way in WAYS]


def test_with_the_check_no_request_arrives(world: World) -> None:
    outcomes, arrived = world.make(_tries([*REFUSED_HOSTS, *SYSTEM_HOSTS], []))
    assert arrived == []
    assert [outcome for outcome in outcomes if REFUSED not in outcome.said or outcome.status] == []


def test_without_the_check_every_one_of_them_arrives(world: World) -> None:
    """Each network is listed: so it was the check, and nothing else, that kept them from it."""
    tries = _tries([*REFUSED_HOSTS, *SYSTEM_HOSTS], EVERYTHING)
    outcomes, arrived = world.make(tries)
    assert [(tried, outcome) for tried, outcome in zip(tries, outcomes, strict=True) if outcome.status != 200] == []
    assert len(arrived) == len(tries)


def test_the_public_is_reached_and_by_its_name_only_the_public(world: World) -> None:
    hosts = [PUBLIC, f"[{PUBLIC_V6}]", f"[::ffff:{PUBLIC}]", "mixed.example", "rebinding.example"]
    outcomes, arrived = world.make(_tries(hosts, []))
    assert [outcome.status for outcome in outcomes] == [200] * len(outcomes)
    assert sorted(arrived) == sorted([PUBLIC_V6] * 2 + [PUBLIC] * 8)


@pytest.mark.parametrize("allow", [[], ["169.254.169.254/32"]])
def test_a_public_server_cannot_redirect_to_the_metadata_service(world: World, allow: list[str]) -> None:
    places = ["http://169.254.169.254/", "//0xa9fea9fe/", "http://[::ffff:a9fe:a9fe]/", "http://metadata.example/"]
    hosts = [f"{PUBLIC}{REDIRECT}{quote(place, safe='')}" for place in places]
    outcomes, arrived = world.make([tried for tried in _tries(hosts, allow) if tried.way == "input"])
    assert [outcome.status for outcome in outcomes] == [200 if allow else None] * len(places)
    assert sorted(arrived) == sorted([PUBLIC] * 4 + ["169.254.169.254"] * (4 if allow else 0))


def _in(holder: int, script: str) -> None:
    subprocess.run([*entrance(holder), "sh", "-ec", script], check=True)


@contextmanager
def _canary(holder: int) -> Generator["subprocess.Popen[str]"]:
    command = [*entrance(holder), sys.executable, "-m", "tests.attacks.ssrf.canary"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def _end(canary: "subprocess.Popen[str]") -> list[str]:
    return canary.communicate()[0].splitlines()

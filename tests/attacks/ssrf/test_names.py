"""Names whose owner answers as he likes: what was looked up is checked, and what was checked is dialled."""

from dataclasses import dataclass

import pytest

from ffmill.errors import InputFailed
from ffmill.net.failures import REFUSED
from ffmill.worker.budget import Budget
from ffmill.worker.fetch import fetch
from tests.attacks.ssrf.conftest import OURS, Begin, Serve
from tests.attacks.ssrf.dns import AAAA, A, Zone
from tests.attacks.ssrf.ways import as_input
from tests.integration.origin import ranges, redirect, reply

NAME = "evil.example"
PUBLIC = "8.8.8.8"
NEXT = "127.0.0.2"  # in place of a private one
HERE_ONCE = reply(b"here", headers={"Connection": "close"}, hang_up=True)  # so that the next request is dialled anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A host, and what the name server says to it, that is refused."""

    host: str
    answers: tuple[str, ...]
    why: str

    @property
    def zone(self) -> Zone:
        """Answers the same each time."""
        return {self.host.rstrip(".").lower(): [self.answers], **ALIASES}


ALIASES: Zone = {
    "inside.example": [["10.0.0.1"]],
    "chain.example": [["inside.example"]],
    "localhost": [["127.0.0.1", "::1"]],
}
NAMED = [
    Named(host="localhost", answers=("127.0.0.1", "::1"), why="RFC 6761: loopback"),
    Named(host="LocalHost", answers=("127.0.0.1",), why="RFC 4343: case"),
    Named(host="localhost.", answers=("127.0.0.1",), why="RFC 1034: a name may end in a dot"),
    Named(host="a.localhost", answers=("::1",), why="RFC 6761: *.localhost"),
    Named(host="localhost.localdomain", answers=("127.0.0.1",), why="Red Hat's /etc/hosts"),
    Named(host="ip6-localhost", answers=("::1",), why="Debian's /etc/hosts"),
    Named(host="ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", answers=("127.0.0.1",), why="UTS 46: localhost"),
    Named(host="127.0.0.1.nip.io", answers=("127.0.0.1",), why="wildcard DNS"),
    Named(host="7f000001.nip.io", answers=("127.0.0.1",), why="wildcard DNS, hexadecimal"),
    Named(host="169-254-169-254.sslip.io", answers=("169.254.169.254",), why="wildcard DNS"),
    Named(host="metadata.google.internal", answers=("169.254.169.254",), why="Google Cloud's metadata"),
    Named(host="metadata", answers=("169.254.169.254",), why="the same, by a search domain"),
    Named(host="instance-data.ec2.internal", answers=("169.254.169.254", "fd00:ec2::254"), why="AWS's metadata"),
    Named(host="host.docker.internal", answers=("192.168.65.254",), why="Docker's host"),
    Named(host="kubernetes.default.svc", answers=("10.96.0.1",), why="the API of Kubernetes"),
    Named(host="postgres", answers=("172.18.0.2",), why="a neighbour in Compose"),
    Named(host="_gateway", answers=("192.0.2.1",), why="systemd's name for the router"),
    Named(host="zero.example", answers=("0.0.0.0", "::"), why="RFC 1122: Linux dials itself"),
    Named(host="mapped.example", answers=("::ffff:127.0.0.1",), why="RFC 4291: IPv4-mapped"),
    Named(host="compatible.example", answers=("::127.0.0.1",), why="RFC 4291: IPv4-compatible"),
    Named(host="nat64.example", answers=("64:ff9b::a9fe:a9fe",), why="RFC 6052: NAT64"),
    Named(host="own-nat64.example", answers=("64:ff9b:1::7f00:1",), why="RFC 8215: NAT64 of one's own"),
    Named(host="6to4.example", answers=("2002:7f00:1::",), why="RFC 3056: 6to4"),
    Named(host="teredo.example", answers=("2001:0:4136:e378:8000:63bf:80ff:fffe",), why="RFC 4380: Teredo"),
    Named(host="isatap.example", answers=("2600::5efe:a00:1",), why="RFC 5214: ISATAP"),
    Named(host="linklocal.example", answers=("fe80::1",), why="RFC 4291: link-local"),
    Named(host="both.example", answers=("10.0.0.1", "fd00::1", "192.168.0.1"), why="RFC 1918 and RFC 4193"),
    Named(host="multicast.example", answers=("224.0.0.1", "ff02::1"), why="multicast"),
    Named(host="alias.example", answers=("inside.example",), why="RFC 1034: an alias of a private name"),
    Named(host="aliases.example", answers=("chain.example",), why="RFC 1034: an alias of an alias"),
    Named(host="many.example", answers=tuple(f"10.0.{n}.1" for n in range(30)), why="more than one answer"),
]


@pytest.mark.parametrize("named", NAMED, ids=lambda named: ascii(named.host))
async def test_a_name_of_refused_addresses_only_is_refused(named: Named, begin: Begin) -> None:
    async with begin(zone=named.zone) as attack:
        outcome = await attack.on(f"http://{named.host}/")
    assert attack.dialled == [], named.why
    assert REFUSED in outcome.said
    assert attack.dns.asked.total() >= 2


@pytest.mark.parametrize("named", NAMED, ids=lambda named: ascii(named.host))
async def test_only_the_check_of_addresses_keeps_the_name_from_being_dialled(named: Named, begin: Begin) -> None:
    async with begin(allow=("0.0.0.0/0", "::/0"), zone=named.zone) as attack:
        await attack.on(f"http://{named.host}/")
    assert attack.dialled


@pytest.mark.parametrize("private", ["10.0.0.1", NEXT, "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.2"])
@pytest.mark.parametrize("first", [True, False])
async def test_of_public_and_private_answers_only_the_public_are_dialled(
    private: str, first: bool, begin: Begin
) -> None:
    """The public one fails, and still nobody falls back to the private one."""
    answers = [private, PUBLIC, "inside.example"] if first else [PUBLIC, "2600::1", private]
    async with begin(zone={NAME: [answers], **ALIASES}) as attack:
        assert (await attack.on(f"http://{NAME}:8080/")).status is None
    assert {*attack.dialled} == {(PUBLIC, 8080)} | (set() if first else {("2600::1", 8080)})


async def test_between_check_and_connect_nobody_asks_again(serve: Serve) -> None:
    """Rebinding: the second answer is the private one, and it is never asked for."""
    async with serve(reply(b"here"), zone={NAME: [[OURS], [NEXT]]}) as (served, attack):
        assert (await attack.on(f"http://{NAME}:{served.port}/")).status == 200
        assert attack.dialled == [(OURS, served.port)]
        assert attack.dns.asked == {(NAME, A): 1, (NAME, AAAA): 1}


@pytest.mark.parametrize("later", [[NEXT], ["::1"], ["169.254.169.254"], ["inside.example"], ["::ffff:127.0.0.2"]])
async def test_a_name_that_turns_private_is_refused_from_then_on(later: list[str], serve: Serve) -> None:
    async with serve(HERE_ONCE, zone={NAME: [[OURS], later], **ALIASES}) as (served, attack):
        assert (await attack.on(f"http://{NAME}:{served.port}/")).status == 200
        attack.forget_names()
        outcome = await attack.on(f"http://{NAME}:{served.port}/")
    assert attack.dialled == [(OURS, served.port)]
    assert REFUSED in outcome.said


async def test_a_name_that_alternates_is_dialled_at_its_public_address_only(serve: Serve) -> None:
    turns = [[NEXT], [OURS], ["10.0.0.1"], [OURS, NEXT], ["::1"], [OURS]]
    async with serve(HERE_ONCE, zone={NAME: turns}) as (served, attack):
        found = list[int | None]()
        for _ in turns:
            found.append((await attack.on(f"http://{NAME}:{served.port}/")).status)
            attack.forget_names()
    assert found == [None, 200, None, 200, None, 200]
    assert {*attack.dialled} == {(OURS, served.port)}


async def test_a_redirect_of_a_name_to_itself_is_looked_up_and_checked_anew(serve: Serve) -> None:
    """The rebinding of the classics: the first answer is public and redirects, the second is the metadata service."""
    async with serve(redirect(f"http://{NAME}:81/"), zone={NAME: [[OURS], ["169.254.169.254"]]}) as (served, attack):
        outcome = await attack.on(f"http://{NAME}:{served.port}/")
    assert attack.dialled == [(OURS, served.port)]
    assert outcome.status in (None, 302)


@pytest.mark.parametrize("way", [as_input])
async def test_a_name_that_turns_private_between_two_tries_is_refused(serve: Serve) -> None:
    """The server breaks off, and the rest would come from elsewhere."""
    async with serve(ranges(b"x" * 1000, sends=100), zone={NAME: [[OURS], [NEXT]]}) as (served, attack):

        async def forget(seconds: float) -> None:
            attack.forget_names()

        url, budget = f"http://{NAME}:{served.port}/", Budget(1000)
        with pytest.raises(InputFailed, match="may not be reached"):
            await fetch(attack.session, url, attack.directory / "in", limit_bytes=1000, budget=budget, pause=forget)
    assert attack.dialled == [(OURS, served.port)]
    assert len(served.requests) == 1


@pytest.mark.parametrize("answers", [[], ["nowhere.example"], ["inside.example"], [NAME]])
async def test_a_name_that_leads_nowhere_dials_nothing(answers: list[str], begin: Begin) -> None:
    async with begin(zone={"evil.example": [answers, []], "inside.example": [[]]}) as attack:
        outcome = await attack.on(f"http://{NAME}/")
    assert attack.dialled == []
    assert "its host name is not known" in outcome.said

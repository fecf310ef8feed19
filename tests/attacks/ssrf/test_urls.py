"""However a URL is written, nothing is dialled that is off limits, neither for an input nor for a webhook."""

from ipaddress import IPv4Address, ip_address
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ffmill.net.targets import UnusableUrl, parse
from tests.attacks.ssrf.cases import ADDRESS, CASES, Case
from tests.attacks.ssrf.conftest import Begin
from tests.attacks.ssrf.ways import Way
from tests.attacks.ssrf.wire import Stopped, watched

EVERYTHING = ("0.0.0.0/0", "::/0")
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


def test_the_table_names_each_url_once() -> None:
    assert len({case.url for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_nothing_is_dialled_and_the_client_is_told(case: Case, begin: Begin) -> None:
    async with begin() as attack:
        outcome = await attack.on(case.url)
    assert attack.dialled == [], case.why
    assert outcome.status is None
    assert case.refusal in outcome.said


@pytest.mark.parametrize("case", [case for case in CASES if case.refusal == ADDRESS], ids=lambda case: case.name)
async def test_only_the_check_of_addresses_keeps_it_from_being_dialled(case: Case, begin: Begin) -> None:
    """With every network listed, each of them is dialled: so none is refused for a reason of another kind."""
    async with begin(allow=EVERYTHING) as attack:
        await attack.on(case.url)
    assert attack.dialled


async def test_the_wire_stops_what_another_client_dials(tmp_path: Path) -> None:
    """The recording layer sees a client that is not guarded, and nothing leaves."""
    with watched() as wire:
        async with aiohttp.ClientSession() as session:
            for url in ("http://8.8.8.8/", "http://[2600::1]:81/", "http://leak.example/"):
                with pytest.raises(aiohttp.ClientConnectorError) as stopped:
                    await session.get(url)
                assert isinstance(stopped.value.os_error, Stopped)
    assert {*wire.stopped} == {("8.8.8.8", 80), ("2600::1", 81), ("leak.example", 80)}
    assert wire.went == []


DIGITS = [
    "0123456789",
    "".join(map(chr, range(0xFF10, 0xFF1A))),
    "⓪①②③④⑤⑥⑦⑧⑨",
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "".join(map(chr, range(0x1D7CE, 0x1D7D8))),
]
DOTS = [".", "。", "\uff0e", "｡", "%2e"]
FORMS = ["{}", "{:#o}", "0{:o}", "{:#x}", "{:#X}", "000{:o}", "0x00{:x}"]
USERS = ["", "public.example@", "8.8.8.8:80@", "a@b@", "8.8.8.8#@", "8.8.8.8\\@", "%40@"]
ENDS = ["", "/", ".", ":80/", ":00443", "#@public.example", "?@8.8.8.8", "/..;/", ":+80/", ". /", "\t/"]
REFUSED_V4 = ["127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "169.254.169.254", "192.168.0.1", "100.100.100.200"]


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """A URL of an address that is off limits, its numbers, dots, and surroundings written by chance."""
    address = IPv4Address(draw(st.sampled_from(REFUSED_V4)))
    parts = list(address.packed)
    kept = draw(st.integers(0, 3))
    numbers = [*parts[:kept], int.from_bytes(bytes(parts[kept:]), "big")]
    words = [draw(st.sampled_from(FORMS)).replace("0o", "0").format(number).replace("0o", "0") for number in numbers]
    host = draw(st.sampled_from(DOTS)).join(words)
    digits = draw(st.sampled_from(DIGITS))
    host = host.translate({ord(str(digit)): digits[digit] for digit in range(10)})
    six = [
        f"[::ffff:{address}]",
        f"[::ffff:{int(address):x}]",
        f"[64:ff9b::{address}]",
        f"[::{address}%25lo]",
        str(address),
    ]
    host = draw(st.sampled_from([host] * 5 + six))
    return "http://" + draw(st.sampled_from(USERS)) + host + draw(st.sampled_from(ENDS))


@PATIENT
@given(url=spelled())
async def test_no_spelling_at_all_brings_a_refused_address_to_the_wire(url: str, begin: Begin) -> None:
    async with begin() as attack:
        await attack.on(url)
    assert [to for to, _ in attack.dialled if not ip_address(to).is_global] == []


@settings(PATIENT, max_examples=300)
@given(text=st.text(alphabet=st.sampled_from("h.:/@#?[]%\\ \t\n\0\u0661①。1270xaf-_+é\ud800\u200b\uff0f"), max_size=25))
def test_any_text_is_a_target_with_a_plain_host_or_is_refused(text: str) -> None:
    for url in (f"http://{text}", text, f"http:{text}"):
        try:
            host = parse(url).url.raw_host or ""
        except UnusableUrl:
            continue
        assert host.isascii()
        assert not set(host) & set("/@#?[]\\ \t\n\0")


async def test_what_cannot_be_dialled_now_is_tried_again_and_never_let_through(
    begin: Begin, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While descriptors are scarce nobody can say whether 8.8.8.8 is this host's own."""
    monkeypatch.setattr("ffmill.net.addresses.is_local", _scarce)
    async with begin(zone={"public.example": [["8.8.8.8"]]}) as attack:
        for url in ("http://8.8.8.8/", "http://public.example/"):
            assert (await attack.on(url)).status is None
    assert attack.dialled == []


def _scarce(address: object) -> bool:
    raise OSError(24, "Too many open files")

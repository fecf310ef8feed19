"""Which addresses may be dialled: each rule, each metadata service, each way to hide IPv4 in IPv6."""

import errno
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from unittest.mock import Mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ffmill.net import addresses
from ffmill.net.addresses import AddressRefused, check
from ffmill.net.local import is_local

REFUSED = {
    "this host, RFC 1122": ["0.0.0.0", "0.0.0.1", "0.255.255.255"],
    "private, RFC 1918": ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1"],
    "carrier-grade NAT, RFC 6598": ["100.64.0.0", "100.127.255.255"],
    "loopback, RFC 1122": ["127.0.0.1", "127.0.0.53", "127.255.255.255"],
    "link-local, RFC 3927": ["169.254.0.0", "169.254.255.255"],
    "protocol assignments, RFC 6890": ["192.0.0.1", "192.0.0.8", "192.0.0.170"],
    "documentation, RFC 5737": ["192.0.2.1", "198.51.100.1", "203.0.113.255"],
    "6to4 relays, RFC 7526": ["192.88.99.1"],
    "AS112, RFC 7534, RFC 7535": ["192.175.48.1", "192.31.196.1", "2620:4f:8000::1", "2001:4:112::1"],
    "multicast tunnels, RFC 7450": ["192.52.193.1", "2001:3::1"],
    "benchmarking, RFC 2544": ["198.18.0.1", "198.19.255.255"],
    "multicast, RFC 5771": ["224.0.0.1", "239.255.255.255"],
    "reserved and broadcast, RFC 1112, RFC 919": ["240.0.0.1", "255.255.255.255"],
    "metadata: most clouds, their name servers, ECS": ["169.254.169.254", "169.254.169.253", "169.254.170.2"],
    "metadata: Alibaba, Oracle, Azure, AWS on IPv6, Google on IPv6": [
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
    ],
    "unspecified and loopback, RFC 4291": ["::", "::1", "0:0:0:0:0:0:0:1"],
    "IPv4-compatible, RFC 4291": ["::127.0.0.1", "::8.8.8.8", "::2"],
    "unique local, RFC 4193": ["fc00::1", "fdff:ffff::1"],
    "link-local, RFC 4291, with and without a zone": ["fe80::1", "fe80::1%eth0", "fe80::1%25eth0", "febf::1"],
    "site-local, RFC 3879": ["fec0::1", "feff::1"],
    "multicast on IPv6, RFC 4291": ["ff02::1", "ff0e::1"],
    "discard, RFC 6666": ["100::1"],
    "segment routing, RFC 9602": ["5f00::1"],
    "never opened": ["4000::1", "8000::1", "e000::1", "1::1"],
    "documentation on IPv6, RFC 3849, RFC 9637": ["2001:db8::1", "3fff::1"],
    "Teredo, RFC 4380": ["2001::1", "2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "benchmarking and ORCHID, RFC 5180, RFC 7343": ["2001:2::1", "2001:10::1", "2001:20::1"],
    "6to4, RFC 3056": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"],
    "IPv4-mapped, RFC 4291": ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"],
    "IPv4-translated, RFC 2765": ["::ffff:0:127.0.0.1"],
    "NAT64, RFC 6052": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.1.2.3"],
    "local NAT64, RFC 8215": ["64:ff9b:1::7f00:1", "64:ff9b:1::8.8.8.8"],
    "ISATAP, RFC 5214": ["2600::5efe:127.0.0.1", "2600::200:5efe:10.0.0.1"],
    "a zone on a global address, RFC 4007": ["2600::1%lo", "::ffff:8.8.8.8%lo", "64:ff9b::8.8.8.8%lo"],
    "no plain address": [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1 ",
        "localhost",
        "",
        "8.8.8",
        "[::1]",
    ],
}
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.17",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "223.255.255.255",
    "2600::1",
    "2a00:1450:4001:81b::200e",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2600::5efe:8.8.8.8",
]


@pytest.mark.parametrize(
    "address", [pytest.param(address, id=f"{address} {rule}") for rule, group in REFUSED.items() for address in group]
)
def test_an_address_with_a_meaning_of_its_own_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        check(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_a_public_address_may_be_reached(address: str) -> None:
    check(address)


@pytest.mark.parametrize(
    ("address", "net"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("169.254.169.254", "169.254.169.254/32"),
        ("::1", "::1/128"),
        ("fd00::7", "fd00::/8"),
        ("fe80::1%eth0", "fe80::/10"),
        ("::ffff:10.0.0.1", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "::ffff:0:0/96"),
        ("64:ff9b::10.0.0.1", "10.0.0.0/8"),
        ("64:ff9b:1::a00:1", "64:ff9b:1::/48"),
        ("2002:a00:1::", "2002::/16"),
    ],
)
def test_a_network_that_the_operator_lists_may_be_reached(address: str, net: str) -> None:
    check(address, [ip_network("192.168.7.0/24"), ip_network(net)])


@pytest.mark.parametrize(
    "address", ["127.0.0.2", "::1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b:1::7f00:1", "0.0.0.0", "127.1"]
)
def test_what_is_listed_opens_nothing_else(address: str) -> None:
    with pytest.raises(AddressRefused):
        check(address, [ip_network("127.0.0.1/32")])


def test_a_refusal_does_not_tell_the_address() -> None:
    with pytest.raises(AddressRefused) as refused:
        check("10.20.30.40")
    assert "10.20" not in str(refused.value)
    assert "10.20" not in repr(refused.value)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
@example(IPv4Address("255.255.255.255"))
def test_no_ipv4_address_that_python_knows_as_not_global_is_let_through(address: IPv4Address) -> None:
    assert address.is_global or _refused(address)


@given(st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0x20 << 120, (0x40 << 120) - 1).map(IPv6Address))
def test_no_ipv6_address_that_python_knows_as_not_global_is_let_through(address: IPv6Address) -> None:
    assert address.is_global or _refused(address)


WAYS: list[Callable[[int], int]] = [
    lambda ipv4: ipv4,
    lambda ipv4: 0xFFFF << 32 | ipv4,
    lambda ipv4: 0xFFFF << 48 | ipv4,
    lambda ipv4: 0x2002 << 112 | ipv4 << 80,
    lambda ipv4: 0x64FF9B << 96 | ipv4,
    lambda ipv4: 0x64FF9B0001 << 80 | ipv4,
    lambda ipv4: 0x20010000 << 96 | ipv4 << 64 | ipv4 ^ 0xFFFFFFFF,
    lambda ipv4: 0x2600 << 112 | 0x5EFE << 32 | ipv4,
]


@given(st.ip_addresses(v=4), st.sampled_from(WAYS))
def test_an_ipv4_address_that_is_refused_is_refused_inside_an_ipv6_one(
    address: IPv4Address, hide: Callable[[int], int]
) -> None:
    assert not _refused(address) or _refused(ip_address(hide(int(address)).to_bytes(16, "big")))


def _refused(address: IPv4Address | IPv6Address) -> bool:
    try:
        check(str(address))
    except AddressRefused:
        return True
    return False


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "255.255.255.255"])
def test_the_kernel_knows_its_own_addresses(address: str) -> None:
    assert is_local(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_the_addresses_of_others_are_not_our_own(address: str) -> None:
    assert not is_local(ip_address(address))


def test_a_public_address_of_this_host_is_refused_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ours(address: object) -> bool:
        return str(address) in ("8.8.8.8", "2606:4700:4700::1111")

    monkeypatch.setattr(addresses, "is_local", ours)
    for address in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111"):
        with pytest.raises(AddressRefused):
            check(address)
        check(address, [ip_network("8.8.8.8/32"), ip_network("2606:4700:4700::1111/128")])
    check("8.8.4.4")


@pytest.mark.parametrize("lacking", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_an_address_is_not_let_through_while_the_kernel_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, lacking: int
) -> None:
    """A client that makes descriptors scarce would otherwise reach this host by its public address."""
    monkeypatch.setattr("ffmill.net.local.socket.socket", Mock(side_effect=OSError(lacking, "")))
    with pytest.raises(OSError, match=f"Errno {lacking}"):
        check("8.8.8.8")


def test_where_there_is_no_netlink_a_public_address_may_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffmill.net.local.socket.socket", Mock(side_effect=OSError(errno.EAFNOSUPPORT, "")))
    check("8.8.8.8")


@pytest.mark.parametrize("address", ["93.184.216.34", "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2a00::1"])
def test_an_address_that_is_denied_is_refused_even_where_it_is_allowed(address: str) -> None:
    denied = [ip_network("93.184.216.0/24"), ip_network("2a00::/16")]
    check(address)
    for allowed in ([], [ip_network("0.0.0.0/0"), ip_network("::/0")]):
        with pytest.raises(AddressRefused):
            check(address, allowed, denied)

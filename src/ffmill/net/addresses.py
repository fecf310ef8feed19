"""Which addresses ffmill may connect to: the public internet, and the networks that the operator lists.

Everything with a meaning of its own in IANA's special-purpose address registries (RFC 6890) is refused. IPv6 is read
the other way round: only what IANA has opened as global unicast is let through, so that a range nobody thought of is
refused too.
"""

import errno
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from ffmill.net.local import is_local

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # RFC 1122: this host on this network; Linux dials itself
        "10.0.0.0/8",  # RFC 1918: private
        "100.64.0.0/10",  # RFC 6598: carrier-grade NAT; 100.100.100.200 is Alibaba Cloud's metadata service
        "127.0.0.0/8",  # RFC 1122: loopback
        "168.63.129.16/32",  # Azure's platform service, a public address that only virtual machines see
        "169.254.0.0/16",  # RFC 3927: link-local; 169.254.169.254 is the metadata service of most clouds
        "172.16.0.0/12",  # RFC 1918: private
        "192.0.0.0/24",  # RFC 6890: protocol assignments; 192.0.0.192 is Oracle Cloud's metadata service
        "192.0.2.0/24",  # RFC 5737: documentation
        "192.31.196.0/24",  # RFC 7535: AS112, answers for private networks, from the nearest one
        "192.52.193.0/24",  # RFC 7450: multicast tunnels, to the nearest relay
        "192.88.99.0/24",  # RFC 7526: 6to4 relays, withdrawn
        "192.168.0.0/16",  # RFC 1918: private
        "192.175.48.0/24",  # RFC 7534: AS112
        "198.18.0.0/15",  # RFC 2544: benchmarking
        "198.51.100.0/24",  # RFC 5737: documentation
        "203.0.113.0/24",  # RFC 5737: documentation
        "224.0.0.0/4",  # RFC 5771: multicast
        "240.0.0.0/4",  # RFC 1112: reserved; RFC 919: 255.255.255.255 is broadcast
    )
)
# RFC 4291, IANA's address space: global unicast. Outside lie loopback ::1, the unspecified ::, IPv4-compatible ::/96
# (RFC 4291), local NAT64 64:ff9b:1::/48 (RFC 8215), discard 100::/64 (RFC 6666), segment routing 5f00::/16 (RFC 9602),
# unique local fc00::/7 (RFC 4193; AWS's fd00:ec2::254), link-local fe80::/10, site-local fec0::/10 (RFC 3879),
# multicast ff00::/8.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # RFC 2928: protocol assignments; Teredo 2001::/32 (RFC 4380), benchmarking, ORCHID
        "2001:db8::/32",  # RFC 3849: documentation
        "2002::/16",  # RFC 3056: 6to4, leads to the IPv4 address in it; withdrawn by RFC 7526
        "2620:4f:8000::/48",  # RFC 7534: AS112
        "3fff::/20",  # RFC 9637: documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the well-known prefix; the IPv4 address is the last 32 bits
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: the upper half of an interface identifier; the lower is IPv4


class AddressRefused(OSError):
    """The address that was about to be dialled is off limits; the text never holds it."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address may not be reached")


def check(address: str, allow_nets: Iterable[Network] = (), deny_nets: Iterable[Network] = ()) -> None:
    """Raises AddressRefused unless `address`, a literal one, is public and another host's, or lies in `allow_nets`; and
    when it lies in `deny_nets`.

    Only the plain spelling of an address is taken; another, as 0x7f.1 or 2130706433, is refused unread. Raises OSError
    when it cannot be told just now whether the address is this host's.
    """
    try:
        dialled = ip_address(address)
    except ValueError:
        raise AddressRefused from None
    meant = _meant(dialled)
    if any(dialled in net or meant in net for net in deny_nets):
        raise AddressRefused
    if any(dialled in net or meant in net for net in allow_nets):
        return
    if not _is_public(meant) or any(map(is_local, {dialled, meant})):
        raise AddressRefused


def _meant(address: Address) -> Address:
    """The host that answers: behind an IPv4-mapped (RFC 4291) or NAT64 address that is an IPv4 one."""
    if isinstance(address, IPv6Address) and address.scope_id is None:
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return _low_32_bits(address)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _REFUSED_V4)
    if address.scope_id is not None:  # RFC 4007: a zone belongs to an address that is not global
        return False
    if address not in _GLOBAL_V6 or any(address in net for net in _REFUSED_V6):
        return False
    return not _is_isatap(address) or _is_public(_low_32_bits(address))


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & 0xFFFFFFFF in _ISATAP


def _low_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)

"""Which addresses are this host's own: what listens on them may be behind its firewall for everybody else.

Asked is the kernel's routing (rtnetlink(7)), which knows of every address and range that it delivers to itself. A
look-up sends nothing. Whether a UDP socket may be bound to the address would not tell (net.ipv4.ip_nonlocal_bind), nor
from which it would send: a secondary address sends from the primary one.
"""

import errno
import socket
import struct
from ipaddress import IPv4Address, IPv6Address

RTM_NEWROUTE, RTM_GETROUTE, NLM_F_REQUEST, RTA_DST = 24, 26, 1, 1
RTN_UNICAST = 1  # others are the host's own, or nobody's: local, broadcast, anycast, multicast
HEADER, ROUTE, ATTRIBUTE = "=LHHLL", "=BBBBBBBBL", "=HH"  # struct nlmsghdr, rtmsg and rtattr
TYPE_AT = struct.calcsize(HEADER) + 7  # of the route in the answer
ANSWER_BYTES = 8192
FOR_NOW = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)  # that there is nobody to ask, none of them says


def is_local(address: IPv4Address | IPv6Address) -> bool:
    """Whether what is sent to the address goes to this host itself; False where nobody can be asked.

    Raises OSError when it cannot be asked just now.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return False
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC) as asking:
            asking.bind((0, 0))
            asking.send(_question(address))
            answer = asking.recv(ANSWER_BYTES)
    except OSError as error:
        if error.errno in FOR_NOW:
            raise
        return False
    kind = struct.unpack_from("=LH", answer)[1]
    return kind == RTM_NEWROUTE and answer[TYPE_AT] != RTN_UNICAST  # else an error: there is no way to it


def _question(address: IPv4Address | IPv6Address) -> bytes:
    packed = address.packed
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    route = struct.pack(ROUTE, family, 8 * len(packed), 0, 0, 0, 0, 0, 0, 0)
    destination = struct.pack(ATTRIBUTE, struct.calcsize(ATTRIBUTE) + len(packed), RTA_DST) + packed
    size = struct.calcsize(HEADER) + len(route) + len(destination)
    return struct.pack(HEADER, size, RTM_GETROUTE, NLM_F_REQUEST, 1, 0) + route + destination

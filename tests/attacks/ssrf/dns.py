"""A real DNS server under the test's control, on loopback, and a resolver that asks it over UDP (RFC 1035)."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

Answer = Sequence[str]  # addresses, and names that the name stands for (CNAME)
Zone = Mapping[str, Sequence[Answer]]  # the n-th question for a name and type gets the n-th answer, then the last

HEADER, RECORD = "!HHHHHH", "!HHIH"
A, CNAME, AAAA, INTERNET = 1, 5, 28, 1
ANSWER, NXDOMAIN = 0x8180, 0x8183  # flags: a recursive answer; the same, the name does not exist
TTL = 0


class DnsServer(asyncio.DatagramProtocol):
    """Answers from a zone, with a time to live of nothing."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked = Counter[tuple[str, int]]()
        self.address = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        self._transport.sendto(self._reply(data), addr)

    def _reply(self, data: bytes) -> bytes:
        number = struct.unpack_from("!H", data)[0]
        name, end = _read_name(data, struct.calcsize(HEADER))
        kind = struct.unpack_from("!H", data, end)[0]
        records = self._records(name.lower(), kind)
        header = struct.pack(HEADER, number, NXDOMAIN if records is None else ANSWER, 1, len(records or ()), 0, 0)
        return header + data[struct.calcsize(HEADER) : end + 4] + b"".join(records or ())

    def _records(self, name: str, kind: int) -> list[bytes] | None:
        turns = self.zone.get(name)
        if turns is None:
            return None
        turn = min(self.asked[name, kind], len(turns) - 1)
        self.asked[name, kind] += 1
        records = list[bytes]()
        for value in turns[turn]:
            found, data = _encoded(value)
            if found in (kind, CNAME):
                records.append(_write_name(name) + struct.pack(RECORD, found, INTERNET, TTL, len(data)) + data)
            if found == CNAME:
                records += self._records(value, kind) or []
        return records


@asynccontextmanager
async def dns_server(zone: Zone) -> AsyncGenerator[DnsServer]:
    """A server on loopback, on a port of its own."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: DnsServer(zone), local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()


class DnsResolver(AbstractResolver):
    """Looks names up as the system's resolver does: numbers in any old spelling by itself, all else over UDP."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = _spelled(host) or [*await self._ask(host, A), *await self._ask(host, AAAA)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [ResolveResult(hostname=host, host=address, port=port, family=0, proto=0, flags=0) for address in found]

    async def close(self) -> None:
        """Keeps nothing."""

    async def _ask(self, host: str, kind: int) -> list[str]:
        loop = asyncio.get_running_loop()
        reply = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Asking(reply), remote_addr=self._server)
        try:
            question = _write_name(host.rstrip(".")) + struct.pack("!HH", kind, INTERNET)
            transport.sendto(struct.pack(HEADER, 1, 0x0100, 1, 0, 0, 0) + question)
            return _read_addresses(await reply, kind)
        finally:
            transport.close()


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, reply: asyncio.Future[bytes]) -> None:
        self._reply = reply

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._reply.set_result(data)


def _spelled(host: str) -> list[str]:
    """As getaddrinfo(3) does: 0x7f.1, 0177.1 and 2130706433 are addresses, and no name server is asked."""
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return []


def _encoded(value: str) -> tuple[int, bytes]:
    try:
        address = ip_address(value)
    except ValueError:
        return CNAME, _write_name(value)
    return A if address.version == 4 else AAAA, address.packed


def _read_addresses(data: bytes, kind: int) -> list[str]:
    count = struct.unpack_from(HEADER, data)[3]
    at = _read_name(data, struct.calcsize(HEADER))[1] + 4
    found = list[str]()
    for _ in range(count):
        at = _read_name(data, at)[1]
        record, _, _, size = struct.unpack_from(RECORD, data, at)
        at += struct.calcsize(RECORD)
        if record == kind:
            family = socket.AF_INET if kind == A else socket.AF_INET6
            found.append(socket.inet_ntop(family, data[at : at + size]))
        at += size
    return found


def _write_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels = list[str]()
    while size := data[at]:
        labels.append(data[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels), at + 1

"""Looks names up as the system does, in threads of its own.

The loop's own look-ups share a few threads, two of them under uvloop, and each is held for as long as a silent name
server lets the system wait, whoever has given up meanwhile: two such names would stop all others, the database's too.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

MOST = 256  # look-ups at once; a thread each, none when nothing is looked up

Info = tuple[int, int, int, str, tuple[Any, ...]]  # as of socket.getaddrinfo


class SystemResolver(AbstractResolver):
    """The system's look-up. A thread that still waits holds up no end of the process."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MOST)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the name; raises gaierror."""
        await self._free.acquire()
        return [_result(host, info) for info in await self._look_up(host, port, family) if _is_global(info)]

    async def close(self) -> None:
        """Nothing is held."""

    def _look_up(self, host: str, port: int, family: int) -> "asyncio.Future[Sequence[Info]]":
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[Info]] = loop.create_future()

        def done(infos: Sequence[Info], error: Exception | None) -> None:
            self._free.release()  # only now: whoever asked may have gone long ago, the thread was at work
            if found.done():
                return
            if error:
                found.set_exception(error)
            else:
                found.set_result(infos)

        def look_up() -> None:
            infos, error = [], None
            try:
                infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
            except OSError as failure:
                error = failure
            except UnicodeError:  # no name can be so
                error = socket.gaierror(socket.EAI_NONAME, "no name of a host")
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(partial(done, infos, error))

        try:
            threading.Thread(target=look_up, name="look-up", daemon=True).start()
        except RuntimeError:  # no thread can be had
            self._free.release()
            raise socket.gaierror(socket.EAI_AGAIN, "no thread for the look-up") from None
        return found


def _is_global(info: Info) -> bool:
    """Whether the address needs no interface to be named beside it."""
    return info[0] == socket.AF_INET or (info[0] == socket.AF_INET6 and not info[4][3])


def _result(host: str, info: Info) -> ResolveResult:
    family, _, proto, _, address = info
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=address[1],
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )

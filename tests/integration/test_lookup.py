"""Looking names up: a silent name server holds up those who ask it, and nobody else."""

import asyncio
import socket
import threading
from collections.abc import Generator
from typing import Any

import aiohttp
import pytest
import uvloop

from ffmill.net import interim
from ffmill.net.lookup import MOST, SystemResolver
from ffmill.net.session import open_session
from tests.integration.origin import origin, raw, reply
from tests.integration.test_session import LOOPBACK

real = socket.getaddrinfo


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Generator[threading.Event]:
    """Names that begin with `silent` are looked up until the event is set, whoever has given up."""
    over = threading.Event()

    def look_up(host: str, *arguments: Any) -> Any:
        if host.startswith("silent"):
            over.wait()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real("127.0.0.1", *arguments)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield over
    over.set()


def test_names_whose_server_is_silent_hold_up_no_other_name(silent: threading.Event) -> None:
    async def main() -> None:
        resolver = SystemResolver()
        waiting = [asyncio.create_task(resolver.resolve(f"silent-{n}.example")) for n in range(MOST - 1)]
        await asyncio.sleep(0)
        (found,) = await resolver.resolve("quick.example", 80)
        assert (found["host"], found["port"], found["hostname"]) == ("127.0.0.1", 80, "quick.example")
        silent.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(answer) for answer in answers} == {socket.gaierror}

    uvloop.run(main())  # as workers run: it looks up two names at once by itself


async def test_a_look_up_that_nobody_waits_for_any_more_holds_its_place_until_it_ends(silent: threading.Event) -> None:
    resolver = SystemResolver()
    given_up = [asyncio.create_task(resolver.resolve("silent.example")) for _ in range(MOST)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    next_one = asyncio.create_task(resolver.resolve("quick.example"))
    await asyncio.sleep(0)
    assert not next_one.done()
    silent.set()
    assert [found["host"] for found in await next_one] == ["127.0.0.1"]


async def test_a_name_that_is_none_is_not_known() -> None:
    with pytest.raises(socket.gaierror):
        await SystemResolver().resolve("a" * 64 + ".example")


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints"])
async def test_a_server_that_goes_on_with_interim_answers_is_cut_off(status: bytes) -> None:
    flood = b"HTTP/1.1 " + status + b"\r\n\r\n"
    async with origin(raw(flood * (interim.MOST + 1))) as served, open_session(LOOPBACK) as session:
        with pytest.raises(aiohttp.ClientResponseError):
            await session.get(served.url())


async def test_some_interim_answers_before_each_answer_are_taken() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n" * interim.MOST
    whole = hints + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with origin(raw(whole), raw(whole), reply(b"end")) as served, open_session(LOOPBACK) as session:
        for _ in range(2):
            async with session.get(served.url()) as answer:
                assert await answer.text() == "ok"

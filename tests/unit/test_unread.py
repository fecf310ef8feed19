"""A client that takes nothing of what it was sent is let go; a slow one is not."""

import asyncio
import socket
from contextlib import suppress

import pytest

from ffmill.api import unread
from ffmill.api.unread import Watch


class Sent(asyncio.Transport):
    """A connection on which `left` bytes are not taken yet."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What a watch looks at."""
    sent = Sent(1000)

    def left(_: asyncio.WriteTransport) -> int:
        return sent.left

    monkeypatch.setattr(unread, "unread", left)
    return sent


async def test_a_client_that_takes_little_by_little_is_left_alone(sent: Sent) -> None:
    watch = Watch(sent, asyncio.get_running_loop(), seconds=3600, least=100)
    watch.start()
    while sent.left:
        sent.left -= 100
        watch.look()
        assert not sent.aborted
    watch.look()
    assert sent.aborted


async def test_a_second_start_is_no_second_chance(sent: Sent) -> None:
    watch = Watch(sent, asyncio.get_running_loop(), seconds=3600, least=100)
    watch.start()
    sent.left -= 99
    watch.start()
    watch.look()
    assert sent.aborted


async def test_what_the_kernel_holds_counts_as_unread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, writer = await asyncio.open_connection(*silent.getsockname())
        while (ours := writer.transport.get_write_buffer_size()) == 0:
            writer.write(bytes(1 << 20))
            await asyncio.sleep(0)
        assert unread.unread(writer.transport) > ours
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_of_a_closed_connection_only_ours_counts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, writer = await asyncio.open_connection(*silent.getsockname())
        writer.close()
        await writer.wait_closed()
        assert writer.transport.get_extra_info("socket").fileno() == -1
        assert unread.unread(writer.transport) == 0

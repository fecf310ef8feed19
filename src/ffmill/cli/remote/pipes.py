"""What comes through a pipe, piece by piece: nothing is kept here, and whoever waits for it can be cancelled."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterable
from io import UnsupportedOperation
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 1 << 18


def standard_input() -> AsyncIterable[bytes] | BinaryIO:
    """What to upload for our standard input: a file of the disk as a file, which can be read again; else in pieces."""
    stream = sys.stdin.buffer
    try:
        descriptor = stream.fileno()
    except UnsupportedOperation:
        return stream
    return stream if stat.S_ISREG(os.fstat(descriptor).st_mode) else _pieces(descriptor)


async def answer(question: str) -> str:
    """The line that comes on standard input once the question was asked; be it a terminal or not, as FFmpeg has it."""
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        descriptor = sys.stdin.fileno()
    except UnsupportedOperation:
        return sys.stdin.readline()
    line = b""
    while not line.endswith(b"\n"):  # byte by byte, for the next question has the next line
        await _readable(descriptor)
        line += (byte := os.read(descriptor, 1))
        if not byte:
            break
    return line.decode(errors="replace")


async def of_path(path: Path) -> AsyncGenerator[bytes]:
    """What comes out of a named pipe or a device; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # else opening waits until somebody writes
    try:
        async for piece in _pieces(descriptor):
            yield piece
    finally:
        os.close(descriptor)


async def _pieces(descriptor: int) -> AsyncGenerator[bytes]:
    while True:
        await _readable(descriptor)
        piece = os.read(descriptor, PIECE_BYTES)
        if not piece:
            return
        yield piece


async def _readable(descriptor: int) -> None:
    """Returns once something can be read, or there is nothing more."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # epoll(7): devices such as /dev/zero are always ready
        await asyncio.sleep(0)
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)

"""Streams of bytes, cut anew and bounded."""

from collections.abc import AsyncGenerator, AsyncIterable

from ffmill.errors import TooLarge


async def blocks(chunks: AsyncIterable[bytes], size: int, limit_bytes: int) -> AsyncGenerator[bytes]:
    """The bytes of `chunks` in blocks of at least `size` bytes, the last one apart; none when there are no bytes.

    Raises TooLarge as soon as there are more than `limit_bytes`.
    """
    block, total = bytearray(), 0
    async for chunk in chunks:
        total += len(chunk)
        if total > limit_bytes:
            raise TooLarge(f"the file is larger than {limit_bytes} bytes, the most that is taken")
        block += chunk
        if len(block) >= size:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)

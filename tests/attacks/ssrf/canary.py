"""An HTTP server on every address of its network namespace: it tells each request that arrives, and redirects.

`python -m tests.attacks.ssrf.canary`: prints `ready`, then the address that each request was sent to; ends with its
standard input.
"""

import asyncio
import sys
from ipaddress import ip_address
from urllib.parse import unquote

BODY = b"canary"
REDIRECT = "/to/"  # what follows it, percent-encoded, is the place to go to


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
    arrived = ip_address(writer.get_extra_info("sockname")[0])
    print(getattr(arrived, "ipv4_mapped", None) or arrived, flush=True)  # noqa: T201
    head = "HTTP/1.1 200 OK"
    if target.startswith(REDIRECT):
        head = f"HTTP/1.1 302 Found\r\nLocation: {unquote(target.removeprefix(REDIRECT))}"
    writer.write(f"{head}\r\nConnection: close\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    writer.close()


async def _serve() -> None:
    async with await asyncio.start_server(_answer, ["0.0.0.0", "::"], 80):
        print("ready", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())

"""A web server that jobs fetch their input from, and that knows what it sent."""

import http.server
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@dataclass(kw_only=True)
class Source:
    """Serves one file."""

    url: str = ""
    sent: int = 0  # bytes of bodies, all requests together


@contextmanager
def source(content: bytes = CONTENT) -> Generator[Source]:
    """A server of that content on loopback, stopped at the end."""
    served, counting = Source(), threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            with counting:  # before they are sent: whoever has got them may look at once
                served.sent += len(content)
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Silent."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A worker that was killed amid its fetch is what the tests are for."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}/in.bin"
        yield served
        server.shutdown()

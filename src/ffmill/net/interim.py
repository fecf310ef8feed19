"""A connection that takes no more interim answers (RFC 9110, section 15.2) than a server has reason to send.

aiohttp collects them without end, and reads them one after the other without letting anybody else run.
"""

from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader

MOST = 16  # before each answer


class BoundedHandler(ResponseHandler):
    """Closes the connection of a server that goes on with `100 Continue`."""

    _interim = 0

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Takes the head of an answer, interim or not."""
        self._interim = self._interim + 1 if 100 <= data[0].code < 200 else 0
        if self._interim <= MOST:
            super().feed_data(data, size)
        elif self._interim == MOST + 1:
            self.close()  # first: it forgets the exception
            self.set_exception(HttpProcessingError(message="too many interim answers"))

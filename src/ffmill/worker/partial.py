"""A file that arrives in pieces, over one answer or several: where the next piece goes, and whether it belongs."""

import os
import re

import aiohttp

from ffmill.threads import in_thread
from ffmill.worker.budget import LIMIT, Budget, TooMuch

# Writes go into the page cache in well under a millisecond, so the first ones are made on the loop: a thread costs
# more. A longer file may make the kernel stop its writer until the disk has caught up; that a thread waits for.
DIRECT_BYTES = 16 << 20

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(\*|[0-9]{1,18})")  # RFC 9110, section 14.4


class Misplaced(Exception):
    """An answer does not fit to what has arrived already, or ended too soon; the text completes a sentence."""


class PartialFile:
    """What has arrived of one file, and what vouches for it: RFC 9110, section 13.1.5 (If-Range)."""

    def __init__(self, descriptor: int, limit_bytes: int, budget: Budget) -> None:
        self.size = 0  # as much of the budget is charged
        self._descriptor = descriptor
        self._limit_bytes = limit_bytes
        self._budget = budget
        self._validator: str | None = None  # None: the next answer begins anew
        self._total: int | None = None

    def request_headers(self) -> dict[str, str]:
        """The headers that ask for the rest; none when the whole is wanted."""
        if not self.size or self._validator is None:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._validator}

    def restart(self) -> None:
        """Forgets what has arrived."""
        os.ftruncate(self._descriptor, 0)
        self._budget.give_back(self.size)
        self.size, self._validator, self._total = 0, None, None

    def begin(self, answer: aiohttp.ClientResponse) -> None:
        """Places an answer with status 200, 203 or 206; raises Misplaced or TooMuch."""
        if answer.status == 206:
            self._continue(answer)
        else:
            self.restart()
            self._validator = _validator(answer)
            self._total = None if _is_coded(answer) else answer.content_length
        coming = answer.content_length or 0
        announced = self.size + coming
        if announced > self._limit_bytes:
            raise TooMuch(f"is {announced} bytes; the most is {self._limit_bytes} ({LIMIT})")
        self._budget.check(coming)

    async def write(self, chunk: bytes) -> None:
        """Appends bytes; raises TooMuch, and OSError when the disk takes no more."""
        self._budget.received += len(chunk)
        if self.size + len(chunk) > self._limit_bytes:
            raise TooMuch(f"is larger than {self._limit_bytes} bytes, the most there may be ({LIMIT})")
        self._budget.take(len(chunk))
        at, self.size = self.size, self.size + len(chunk)
        if at < DIRECT_BYTES:
            _write(self._descriptor, chunk, at)
        else:
            await in_thread(None, _write, self._descriptor, chunk, at)  # the file is closed when this is left

    def end(self) -> None:
        """Raises Misplaced unless the file is whole, as far as its length was announced."""
        if self._total is not None and self.size != self._total:
            raise Misplaced("broke off before its end")

    def _continue(self, answer: aiohttp.ClientResponse) -> None:
        part = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        total = None if part is None or part[2] == "*" else int(part[2])
        fits = (
            part is not None
            and self.size > 0
            and int(part[1]) == self.size
            and (total is None or self._total in (None, total))
            and not _is_coded(answer)
            and self._is_same(answer)
        )
        if not fits:
            self.restart()
            raise Misplaced("answered with another part than was asked for")
        self._total = self._total if total is None else total

    def _is_same(self, answer: aiohttp.ClientResponse) -> bool:
        """Whether the tag, where there was one, is still the same: not every server heeds If-Range."""
        by_tag = self._validator is not None and self._validator.startswith('"')
        return not by_tag or answer.headers.get("ETag", self._validator) == self._validator


def _validator(answer: aiohttp.ClientResponse) -> str | None:
    """What a later answer must still match for a part of it to be appended; None when nothing can vouch for that."""
    if _is_coded(answer) or answer.headers.get("Accept-Ranges") == "none":
        return None
    etag = answer.headers.get("ETag", "")
    if etag.startswith('"'):  # a weak tag vouches for no bytes, and If-Range may not carry it
        return etag
    return answer.headers.get("Last-Modified")


def _is_coded(answer: aiohttp.ClientResponse) -> bool:
    """Whether lengths and offsets are those of a coded form, not of the bytes that are written."""
    return answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def _write(descriptor: int, chunk: bytes, offset: int) -> None:
    view = memoryview(chunk)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written

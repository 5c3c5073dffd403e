"""Finds the end of a request while it arrives; gunicorn's parser does the rest."""

import io
import re
import socket
from dataclasses import dataclass

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

from settings import MAX_REQUEST_BYTES

MAX_HEAD_BYTES = 64 * 1024
PIECE = 256 * 1024  # bytes received at once

LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,18})[ \t]*\r$", re.I | re.M)
CHUNKED = re.compile(rb"^transfer-encoding:", re.I | re.M)
CONTINUE = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r\n", re.I | re.M)


@dataclass(eq=False)
class Arrival:
    """A request of which some may have arrived."""

    connection: TConn
    content: bytearray
    began: float
    head: int = 0  # bytes up to the body, or 0 while that is not known
    needed: int = 0  # bytes in all, or 0 while that is not known
    chunk: int = 0  # where the next chunk begins
    trailers: bool = False  # the last chunk has arrived
    refusal: int = 0  # the status to refuse it with, or 0
    awaited: bool = False  # the event loop waits for more

    def is_whole(self) -> bool:
        """Whether all of it has arrived, or `refusal` is set because it is not acceptable."""
        if not self.head:
            found = self.content.find(b"\r\n\r\n", max(0, self.chunk - 3))
            self.chunk = len(self.content)
            if found < 0:
                return self._refuse(431, self.chunk > MAX_HEAD_BYTES)
            self.head = self.chunk = found + 4
            self._read_head()
        if not self.needed:
            self._walk_chunks()
        return self.refusal > 0 or 0 < self.needed <= len(self.content)

    def missing(self) -> int:
        """How many bytes may be received without reaching into the next request."""
        return max(self.needed - len(self.content), 1) if self.needed else PIECE

    def _read_head(self) -> None:
        head = bytes(self.content[: self.head - 2])
        if CHUNKED.search(head):
            return
        length = LENGTH.search(head)
        body = int(length[1]) if length else 0
        self.needed = self.head + body
        self._refuse(413, body > MAX_REQUEST_BYTES)

    def _walk_chunks(self) -> None:
        """Follow the chunks (RFC 9112, 7.1) as far as they have arrived."""
        content = self.content
        while not self.trailers:
            end = content.find(b"\r\n", self.chunk, self.chunk + 1024)
            if end < 0:
                self._refuse(400, len(content) - self.chunk >= 1024)
                return
            size = content[self.chunk : end].split(b";")[0].strip()
            if self._refuse(400, not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size)):
                return
            self.trailers = int(size, 16) == 0
            # the last chunk has no line of data: what follows are trailers and an empty line
            after = end if self.trailers else end + 2 + int(size, 16) + 2
            if self._refuse(413, after > self.head + MAX_REQUEST_BYTES):
                return
            self.chunk = after
        end = content.find(b"\r\n\r\n", self.chunk)
        if end >= 0:
            self.needed = end + 4
        else:
            self._refuse(431, len(content) - self.chunk > MAX_HEAD_BYTES)

    def _refuse(self, status: int, condition: bool) -> bool:
        if condition:
            self.refusal = status
        return condition


class BufferedUnreader(SocketUnreader):  # type: ignore[misc]
    """Gives what is in the buffer, then what the socket gives."""

    def __init__(self, content: bytearray, sock: socket.socket) -> None:
        super().__init__(sock)
        self._content, self._position = content, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        if self._position == len(self._content):
            self._content, self._position = bytearray(), 0
            return super().chunk(size_hint)
        size = min(max(size_hint or 0, self.mxchunk), self.max_body_chunk)
        piece = bytes(self._content[self._position : self._position + size])
        self._position += len(piece)
        return piece

    def keep_rest(self) -> None:
        """Put what has arrived of the next request where gunicorn looks for it."""
        self.buf.seek(0, io.SEEK_END)
        self.buf.write(self._content[self._position :])
        self._content, self._position = bytearray(), 0

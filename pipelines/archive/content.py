"""What a member of an archive holds, unpacked: all of it, or what comes before a fault."""

import io
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from pipelines.archive.recording import UnreadableError

# What one member may hold, unpacked: a ride of a week with a point a second is smaller.
MEMBER_BYTES_AT_MOST = 200 * 2**20
# Recordings shrink to a tenth; what grows by more than this, and to more than that, was made to.
GROWTH_AT_MOST, GROWTH_FREE_BYTES = 200, 2**24
CHUNK_BYTES = 2**20
# What is unpacked by the call that meets a fault is lost: so much goes in at a time.
GZIP_BYTES = 2**10


@dataclass(frozen=True)
class Content:
    """What a member holds, unpacked; `fault` says why that is not all of it."""

    data: bytes
    fault: str | None = None


def keep(held: io.BytesIO, chunk: bytes, packed_size: int | None = None) -> None:
    """Add what was unpacked, of so many bytes, to what is held. Raises UnreadableError when it grows beyond reason."""
    size = held.tell() + len(chunk)
    if size > MEMBER_BYTES_AT_MOST:
        raise UnreadableError(f"it holds more than {MEMBER_BYTES_AT_MOST >> 20} MB")
    if packed_size is not None and size > max(GROWTH_FREE_BYTES, GROWTH_AT_MOST * packed_size):
        raise UnreadableError(f"it grows to more than {GROWTH_AT_MOST} times its size when it is unpacked")
    held.write(chunk)


def inflate(packed: bytes) -> Content:
    """Return what gzip has packed, up to a fault if need be. Raises UnreadableError where it grows beyond reason."""
    held, position = io.BytesIO(), 0
    # Several streams one after the other are one file.
    while packed.startswith(b"\x1f\x8b", position):
        stream = _Gzip(memoryview(packed), position)
        begun_at = held.tell()
        try:
            for chunk in stream:
                keep(held, chunk, len(packed))
        except zlib.error as error:
            # Once more, by single bytes where it broke: nothing before that is lost.
            held.seek(begun_at)
            with suppress(zlib.error):
                for chunk in _Gzip(memoryview(packed), position, careful_from=stream.fed_from):
                    keep(held, chunk)
            return Content(held.getvalue(), f"its gzip is damaged ({error})")
        if not stream.is_whole:
            return Content(held.getvalue(), "its gzip is cut off")
        position = stream.end
    return Content(held.getvalue())


class _Gzip:
    """One stream of a gzip file from `begin` on, unpacked as one iterates. Raises zlib.error."""

    def __init__(self, packed: memoryview, begin: int, careful_from: int | None = None) -> None:
        self._packed, self._careful_from = packed, len(packed) if careful_from is None else careful_from
        self._stream = zlib.decompressobj(wbits=31)
        self.fed_from = self.end = begin

    @property
    def is_whole(self) -> bool:
        return self._stream.eof

    def __iter__(self) -> Iterator[bytes]:
        while not self._stream.eof:
            rest: bytes | memoryview = self._stream.unconsumed_tail
            if not rest:
                self.fed_from = self.end
                size = GZIP_BYTES if self.end < self._careful_from else 1
                rest = self._packed[self.end : self.end + size]
                self.end += len(rest)
            chunk = self._stream.decompress(rest, CHUNK_BYTES)
            if not rest and not chunk:
                return
            yield chunk
        self.end -= len(self._stream.unused_data)

"""What lies in an archive: a zip or a folder, read a member at a time and never unpacked to disk."""

import datetime as dt
import os
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipelines.archive.recording import UnreadableError
from pipelines.errors import UserError
from pipelines.files import open_private

# What one member may hold, unpacked: a ride of a week with a point a second is smaller.
MEMBER_BYTES_AT_MOST = 200 * 2**20
CHUNK_BYTES = 2**20
# Texts beside the recordings: a history of a life is smaller.
RECORDING_ENDS = (".fit", ".tcx", ".gpx")


@dataclass(frozen=True)
class Content:
    """What a member holds, unpacked; `fault` says why that is not all of it."""

    data: bytes
    fault: str | None = None


class Container(ABC):
    """The members of an archive by their paths, which are only looked up here and never joined to a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.path.name

    @abstractmethod
    def members(self) -> list[str]:
        """Return the paths of all files, with `/` between folders."""

    @abstractmethod
    def modified_at(self, member: str) -> dt.datetime:
        """Return when a member was written. A zip's clock has no zone: it is taken as UTC."""

    @abstractmethod
    def fingerprint(self, member: str) -> int:
        """Return a number that changes with the bytes of a member, as they lie in the archive."""

    @abstractmethod
    def _open(self, member: str) -> IO[bytes]:
        """Open a member. Raises OSError, or what a zip's fault may be."""

    def read(self, member: str) -> Content:
        """Return what a member holds, without its gzip. Raises UnreadableError when it cannot be read at all."""
        packed = self._read_packed(member)
        if packed.data[:2] != b"\x1f\x8b":
            return packed
        unpacked = inflate(packed.data)
        return Content(unpacked.data, packed.fault or unpacked.fault)

    def _read_packed(self, member: str) -> Content:
        chunks: list[bytes] = []
        try:
            with self._open(member) as file:
                while chunk := file.read(CHUNK_BYTES):
                    chunks.append(chunk)
                    if len(chunks) * CHUNK_BYTES > MEMBER_BYTES_AT_MOST:
                        raise too_large()
        except UnreadableError:
            raise
        except (OSError, RuntimeError, NotImplementedError, EOFError, ValueError, *ZIP_FAULTS) as error:
            fault = f"it cannot be read to its end ({' '.join(str(error).split()) or type(error).__name__})"
            if not chunks:
                raise UnreadableError(fault) from None
            return Content(b"".join(chunks), fault)
        return Content(b"".join(chunks))


ZIP_FAULTS = (zipfile.BadZipFile, zlib.error)


def open_container(path: Path) -> Container:
    """Open what the user named.

    Raises:
        UserError: It is not there, or neither a zip nor a folder nor a recording.
    """
    try:
        path = path.resolve(strict=True)  # the user's own link is followed, those inside are not
    except (OSError, RuntimeError):
        raise UserError(
            f"{path} is not there: type make import ARCHIVE= and the path of the zip from Strava"
        ) from None
    if path.is_dir():
        return Folder(path)
    if path.name.lower().removesuffix(".gz").endswith(RECORDING_ENDS):
        return Folder(path.parent, only=path.name)
    return Zip(path)


class Zip(Container):
    """A zip file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        file = os.fdopen(open_private(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
        try:
            self._zip = zipfile.ZipFile(file)
        except (*ZIP_FAULTS, OSError, ValueError, NotImplementedError, EOFError) as error:
            file.close()
            raise UserError(_no_zip(path, error)) from None
        # A name that stands twice means its last member, as every program that unpacks has it.
        # Some programs write the separators of Windows.
        items = {item.filename.replace("\\", "/"): item for item in self._zip.infolist()}
        self._members = {name: item for name, item in items.items() if not name.endswith("/")}

    def members(self) -> list[str]:
        """Return the paths of all files."""
        return list(self._members)

    def modified_at(self, member: str) -> dt.datetime:
        """Return when a member was written."""
        try:
            return dt.datetime(*self._members[member].date_time, tzinfo=dt.UTC)
        except ValueError:  # month 0: never set
            return dt.datetime(1980, 1, 1, tzinfo=dt.UTC)

    def fingerprint(self, member: str) -> int:
        """Return checksum and size, as the zip's directory has them."""
        item = self._members[member]
        return _fingerprint(item.CRC, item.file_size)

    def _open(self, member: str) -> IO[bytes]:
        return self._zip.open(self._members[member])


class Folder(Container):
    """A folder; links in it are not followed."""

    def __init__(self, path: Path, only: str | None = None) -> None:
        super().__init__(path)
        self._only = only

    def members(self) -> list[str]:
        """Return the paths of all regular files."""
        if self._only is not None:
            return [self._only]
        return sorted(self._walk(self.path, PurePosixPath()))

    def _walk(self, folder: Path, inside: PurePosixPath) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path), inside / entry.name)
                elif entry.is_file(follow_symlinks=False):
                    yield str(inside / entry.name)

    def modified_at(self, member: str) -> dt.datetime:
        """Return when a member was written."""
        seconds = int((self.path / member).stat().st_mtime)
        return dt.datetime.fromtimestamp(seconds, dt.UTC)

    def fingerprint(self, member: str) -> int:
        """Return checksum and size of what the file holds now; 0 when it cannot be read."""
        checksum = size = 0
        try:
            with self._open(member) as file:
                while chunk := file.read(CHUNK_BYTES):
                    checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        except OSError:
            return 0
        return _fingerprint(checksum, size)

    def _open(self, member: str) -> IO[bytes]:
        descriptor = open_private(self.path / member, os.O_RDONLY | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError("no regular file")
        return os.fdopen(descriptor, "rb")


def inflate(packed: bytes) -> Content:
    """Return what gzip has packed, up to a fault if need be. Raises UnreadableError where it grows beyond reason."""
    chunks: list[bytes] = []
    size, rest = 0, packed
    # Several streams one after the other are one file.
    while rest[:2] == b"\x1f\x8b":
        stream = zlib.decompressobj(wbits=31)
        try:
            while not stream.eof:
                chunk = stream.decompress(rest, CHUNK_BYTES)
                rest = stream.unconsumed_tail
                if not chunk and not rest:
                    break
                chunks.append(chunk)
                size += len(chunk)
                if size > MEMBER_BYTES_AT_MOST:
                    raise too_large()
        except zlib.error as error:
            return Content(b"".join(chunks), f"its gzip is damaged ({error})")
        if not stream.eof:
            return Content(b"".join(chunks), "its gzip is cut off")
        rest = stream.unused_data
    return Content(b"".join(chunks))


def too_large() -> UnreadableError:
    """Return the error of a member that grows beyond reason."""
    return UnreadableError(f"it holds more than {MEMBER_BYTES_AT_MOST >> 20} MB")


def _fingerprint(checksum: int, size: int) -> int:
    return (size & 0x7FFFFFFF) << 32 | checksum


def _no_zip(path: Path, error: Exception) -> str:
    try:
        is_cut = _first_bytes(path) == b"PK\x03\x04"
    except OSError:
        is_cut = False
    if is_cut:
        return f"{path} is a zip that is cut off or damaged: download it again, then type make import ARCHIVE={path}"
    reason = f" ({' '.join(str(error).split())})" if isinstance(error, OSError) else ""
    return f"{path} is no zip{reason}: type make import ARCHIVE= and the zip from Strava, or a folder"


def _first_bytes(path: Path) -> bytes:
    descriptor = open_private(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, 4)
    finally:
        os.close(descriptor)

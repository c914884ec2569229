"""What lies in an archive: a zip or a folder, read a member at a time and never unpacked to disk."""

import datetime as dt
import io
import os
import shlex
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy as copied
from pathlib import Path, PurePosixPath
from typing import IO

from pipelines.archive.content import Content, inflate, keep
from pipelines.archive.recording import UnreadableError
from pipelines.errors import UserError, counted
from pipelines.files import open_reading

# What is unpacked by the call that meets a fault is lost.
PACKED_BYTES, CHUNK_BYTES = 2**14, 2**20
# Of the year 9999: a folder may say anything.
LAST_SECOND = 253_402_300_799
RECORDING_ENDS = (".fit", ".tcx", ".gpx")


class Container(ABC):
    """The members of an archive by their paths, which are only looked up here and never joined to a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # What the user named, in words, and to be typed again.
        self.called = path.name
        self.argument = f"ARCHIVE={shlex.quote(str(path))}"
        # What of it cannot be looked at, in words: known once `members` was asked for.
        self.problems: list[str] = []

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
        held = io.BytesIO()
        try:
            with self._open(member) as file:
                while chunk := file.read(PACKED_BYTES):
                    keep(held, chunk, self._packed_size(member))
        except UnreadableError:
            raise
        except (OSError, RuntimeError, NotImplementedError, EOFError, ValueError, *ZIP_FAULTS) as error:
            fault = f"it cannot be read to its end ({' '.join(str(error).split()) or type(error).__name__})"
            if not held.tell():
                raise UnreadableError(fault) from None
            return Content(held.getvalue(), fault)
        data = held.getvalue()
        return Content(data, self._doubt(member, data))

    def _packed_size(self, member: str) -> int | None:
        """Return how many bytes a member takes in the archive; `None` where that does not pack."""
        return None

    def _doubt(self, member: str, data: bytes) -> str | None:
        """Return what is wrong with all that was read of a member."""
        return None


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
        file = open_reading(path)
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
        item = copied(self._members[member])
        if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Python unpacks bzip2 and LZMA without a bound: a megabyte would take all memory.
            raise NotImplementedError(
                f"it is packed by method {item.compress_type}, not by deflate: zip it again"
            )
        # With a checksum zipfile would keep from us all that it has read when that is wrong at the end.
        del item.CRC
        return self._zip.open(item)

    def _packed_size(self, member: str) -> int | None:
        return self._members[member].compress_size

    def _doubt(self, member: str, data: bytes) -> str | None:
        """Hold the checksum against what was read."""
        is_right = zlib.crc32(data) == self._members[member].CRC
        return None if is_right else "its checksum in the zip is another one: it was damaged"


class Folder(Container):
    """A folder; links in it are not followed."""

    def __init__(self, path: Path, only: str | None = None) -> None:
        super().__init__(path)
        self._only = only
        self._fingerprints: dict[str, int] = {}
        if only is not None:
            self.argument, self.called = f"ARCHIVE={shlex.quote(str(path / only))}", only

    def members(self) -> list[str]:
        """Return the paths of all regular files."""
        if self._only is not None:
            return [self._only]
        self.problems = []
        found, misnamed = [], 0
        waiting = [PurePosixPath()]
        while waiting:
            inside = waiting.pop()
            try:
                entries = list(self._entries(inside))
            except OSError as error:
                if not inside.parts:
                    raise
                self.problems.append(f"{inside} cannot be looked into ({error.strerror})")
                continue
            for name, is_folder in entries:
                if not _is_utf_8(name):
                    misnamed += 1
                elif is_folder:
                    waiting.append(inside / name)
                else:
                    found.append(str(inside / name))
        if misnamed:
            told = counted(misnamed, "file or folder is", "files or folders are")
            self.problems.append(f"{told} left out, as the names are not in UTF-8")
        return sorted(found)

    def _entries(self, folder: PurePosixPath) -> Iterator[tuple[str, bool]]:
        """Yield the names of folders (true) and regular files."""
        with os.scandir(self.path / folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder or entry.is_file(follow_symlinks=False):
                    yield entry.name, is_folder

    def modified_at(self, member: str) -> dt.datetime:
        """Return when a member was written."""
        seconds = min(max(int((self.path / member).stat().st_mtime), 0), LAST_SECOND)
        return dt.datetime.fromtimestamp(seconds, dt.UTC)

    def fingerprint(self, member: str) -> int:
        """Return checksum and size of what the file held when it was first asked for; 0 when it cannot be read.

        What changes while it is imported is found to be another file by the next import.
        """
        if member not in self._fingerprints:
            self._fingerprints[member] = self._read_fingerprint(member)
        return self._fingerprints[member]

    def _read_fingerprint(self, member: str) -> int:
        checksum = size = 0
        try:
            with self._open(member) as file:
                while chunk := file.read(CHUNK_BYTES):
                    checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        except OSError:
            return 0
        return _fingerprint(checksum, size)

    def _open(self, member: str) -> IO[bytes]:
        return open_reading(self.path / member)


def _is_utf_8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fingerprint(checksum: int, size: int) -> int:
    return (size & 0x7FFFFFFF) << 32 | checksum


def _no_zip(path: Path, error: Exception) -> str:
    try:
        is_cut = _first_bytes(path) == b"PK\x03\x04"
    except OSError:
        is_cut = False
    if is_cut:
        return f"{path} is a zip that is cut off or damaged: download it again, then type make import ARCHIVE={shlex.quote(str(path))}"
    reason = f" ({' '.join(str(error).split())})" if isinstance(error, OSError) else ""
    return f"{path} is no zip{reason}: type make import ARCHIVE= and the zip from Strava, or a folder"


def _first_bytes(path: Path) -> bytes:
    with open_reading(path) as file:
        return file.read(4)

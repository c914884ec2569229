"""Archives as they should not be: each function writes a changed copy of a good one and returns its path.

The good one is a zip of tests/simulated_strava/export.py; `name` is one of its members.
"""

import gzip
import io
import shutil
import struct
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Members = Iterable[tuple[str, bytes]]

# Members that point out of the archive, for whoever joins them to a path.
OUTSIDE = (
    "../outside.fit.gz",
    "activities/../../outside.fit.gz",
    "/tmp/outside.fit.gz",  # noqa: S108 - it is never written
    "C:\\outside.fit.gz",
    "..\\outside.fit.gz",
    "\\\\server\\share\\outside.fit.gz",
)
# Contents that are no recording, by what they are.
FOREIGN: Mapping[str, bytes] = {
    "empty": b"",
    "a page": b"<!DOCTYPE html><html><title>Sign in</title><p>Session expired</p></html>",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a text": b"could not be exported\n",
    "zeros": bytes(4096),
    "a zip": b"PK\x05\x06" + bytes(18),
    "half a gzip": gzip.compress(bytes(range(256)) * 8, mtime=0)[:60],
    "an empty gzip": gzip.compress(b"", mtime=0),
    "a gzip in a gzip": gzip.compress(gzip.compress(b"\x0e\x10\xd9\x07", mtime=0), mtime=0),
}
BOMB_BYTES = 300_000_000
CHUNK = bytes(100_000)


# --- members changed ------------------------------------------------------------------------------------------


def without(archive: Path, target: Path, *names: str) -> Path:
    """Leave members out; activities.csv still names them."""
    return _written(target, (member for member in _members(archive) if member[0] not in names))


def with_content(archive: Path, target: Path, name: str, content: bytes) -> Path:
    """Put something else into a member, such as one of FOREIGN."""
    return _written(target, ((n, content if n == name else old) for n, old in _members(archive)))


def with_more(archive: Path, target: Path, more: Mapping[str, bytes]) -> Path:
    """Add members at the end; a name that is there already stands twice then, with two contents."""
    return _written(target, [*_members(archive), *more.items()])


def with_filename(archive: Path, target: Path, name: str, written: str = "#error#") -> Path:
    """Write something else for a member's name into activities.csv, and leave the member out."""
    members = ((n, content) for n, content in _members(archive) if n != name)
    return _written(target, _renamed_in_csv(members, {name: written}))


def with_name_outside(archive: Path, target: Path, name: str, outside: str) -> Path:
    """Give a member one of the names of OUTSIDE, in activities.csv, too."""
    members = ((outside if n == name else n, content) for n, content in _members(archive))
    return _written(target, _renamed_in_csv(members, {name: outside}))


def rezipped(archive: Path, target: Path, top: str = "export_24392837/") -> Path:
    """Zip it again as a Mac does: in a folder, with entries for folders and files that only a Mac wants."""
    members = list(_members(archive))
    folders = sorted({top, *(top + name.rpartition("/")[0] + "/" for name, _ in members if "/" in name)})
    out = [(name, b"") for name in folders]
    out += [(f"{top}.DS_Store", b"\0\0\0\1Bud1"), (f"{top}activities/.DS_Store", b"\0\0\0\1Bud1")]
    for name, content in members:
        folder, _, last = name.rpartition("/")
        out.append((top + name, content))
        # What a Mac knows of a file, under almost the same name.
        out.append((f"__MACOSX/{top}{folder}{'/' if folder else ''}._{last}", b"\0\5\x16\7\0\2\0\0Mac OS X"))
    return _written(target, out)


def with_backslashes(archive: Path, target: Path, top: str = "export\\") -> Path:
    """Zip it again as old programs of Windows do."""
    return _written(target, ((top + name.replace("/", "\\"), content) for name, content in _members(archive)))


def without_activities(archive: Path, target: Path) -> Path:
    """Keep nothing that an import could use."""
    return _written(
        target,
        (m for m in _members(archive) if m[0] != "activities.csv" and not m[0].startswith("activities/")),
    )


# --- bombs --------------------------------------------------------------------------------------------------


def gzip_bomb(size: int = BOMB_BYTES, begin: bytes = b"") -> bytes:
    """Return a megabyte that becomes about `size` bytes: `begin`, then zeros."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed:
        packed.write(begin)
        for _ in range((size - len(begin)) // len(CHUNK)):
            packed.write(CHUNK)
    return out.getvalue()


def with_zip_bomb(archive: Path, target: Path, name: str, size: int = BOMB_BYTES) -> Path:
    """Make a member one that only the zip has packed, and that becomes `size` zeros."""
    with zipfile.ZipFile(_written(target, _members(without(archive, target, name))), "a") as out:
        entry = zipfile.ZipInfo(name, (2026, 5, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        with out.open(entry, "w") as member:
            for _ in range(size // len(CHUNK)):
                member.write(CHUNK)
    return target


def with_false_size(archive: Path, target: Path, name: str, size: int = 10) -> Path:
    """Say in both headers of a member that it holds only so many bytes."""
    return _patched(
        archive, target, name, local=(22, struct.pack("<I", size)), central=(24, struct.pack("<I", size))
    )


# --- zips that are broken -------------------------------------------------------------------------------------


def truncated(archive: Path, target: Path, share: float = 0.5) -> Path:
    """Cut the end off, and the list of members with it, as a download that stopped."""
    content = archive.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def with_encrypted(archive: Path, target: Path, name: str) -> Path:
    """Say that a member is encrypted."""
    with zipfile.ZipFile(archive) as good:
        flags = struct.pack("<H", good.getinfo(name).flag_bits | 1)
    return _patched(archive, target, name, local=(6, flags), central=(8, flags))


def with_unknown_packing(archive: Path, target: Path, name: str) -> Path:
    """Say that a member is packed by a method that no program has."""
    method = struct.pack("<H", 77)
    return _patched(archive, target, name, local=(8, method), central=(10, method))


def with_bad_checksum(archive: Path, target: Path, name: str) -> Path:
    """Write a checksum that the member does not have."""
    checksum = b"\1\2\3\4"
    return _patched(archive, target, name, local=(14, checksum), central=(16, checksum))


# --- folders ------------------------------------------------------------------------------------------------


def with_link(folder: Path, target: Path, name: str, outside: Path) -> Path:
    """Copy an unpacked export, with a symbolic link to a file outside in a member's place."""
    shutil.copytree(folder, target)
    (target / name).unlink()
    (target / name).symlink_to(outside)
    return target


# --- how it is done ------------------------------------------------------------------------------------------


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as good:
        for name in good.namelist():
            yield name, good.read(name)


def _renamed_in_csv(members: Members, names: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for name, content in members:
        if name == "activities.csv":
            for old, new in names.items():
                assert old.encode() in content, old
                content = content.replace(old.encode(), new.encode())
        yield name, content


def _written(target: Path, members: Members) -> Path:
    contents = list(members)  # all are read before the first is written: target may be the source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a name that stands twice
        with zipfile.ZipFile(target, "w") as out:
            for name, content in contents:
                entry = zipfile.ZipInfo(name, (2026, 5, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_STORED if name.endswith("z") else zipfile.ZIP_DEFLATED
                out.writestr(entry, content)
    return target


def _patched(
    archive: Path, target: Path, name: str, *, local: tuple[int, bytes], central: tuple[int, bytes]
) -> Path:
    """Overwrite bytes of a member's two headers: (offset in the header, bytes)."""
    with zipfile.ZipFile(archive) as good:
        begins, directory = good.getinfo(name).header_offset, good.start_dir
    content = bytearray(archive.read_bytes())
    # The name stands 46 bytes after the beginning of its entry in the list of members.
    entry = content.index(name.encode(), directory) - 46
    assert content[entry : entry + 4] == b"PK\1\2"
    for begin, (offset, value) in ((begins, local), (entry, central)):
        content[begin + offset : begin + offset + len(value)] = value
    target.write_bytes(content)
    return target

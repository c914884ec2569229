"""Files of the user's: opened here and nowhere else, for the user alone."""

import errno
import os
import secrets
import shlex
import stat
import time
from pathlib import Path
from typing import IO

from pipelines.errors import UserError

# Of older versions, too, whose names could be foreseen.
TEMPORARY_ENDS = (".tmp", ".new")
PROBE = ".write-probe-"
# Whoever writes a temporary file needs it for less.
STALE_AFTER_S = 600


def open_private(path: Path, flags: int) -> int:
    """Return the descriptor of a file of the user's; one that is made is readable by the user alone.

    Raises:
        UserError: It is a link: whoever put it there would choose what is read or overwritten.
    """
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UserError(
                f"{path} is a link, which is not followed: put the file itself in its place"
            ) from None
        raise


def read_private(path: Path) -> bytes:
    """Return what a file holds."""
    # A pipe in its place would be waited for without end.
    with os.fdopen(open_private(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read()


def open_reading(path: Path) -> IO[bytes]:
    """Open a regular file to read; no link is followed. Raises OSError, and for a link UserError."""
    descriptor = open_private(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return os.fdopen(descriptor, "rb")


def write_private(path: Path, content: str | bytes, *, is_durable: bool = True) -> None:
    """Replace a file atomically; without `is_durable` a power cut may bring the old one back."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb", 0) as file:
            _write_all(file.fileno(), content.encode() if isinstance(content, str) else content)
            if is_durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if is_durable:
        sync(path.parent)


def append_private(path: Path, line: str) -> None:
    """Add a line to a file, which is made if need be."""
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab", 0) as file:
        _write_all(file.fileno(), f"{line}\n".encode())


def make_private(path: Path) -> None:
    """Make an empty file for another program to write into; one that is there stays as it is."""
    os.close(open_private(path, os.O_WRONLY | os.O_CREAT))


def replace(new: Path, old: Path) -> None:
    """Put a file that is finished in the place of an old one, durably, for the user alone."""
    sync(new)
    new.chmod(0o600)
    new.replace(old)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def others_can_write(root: Path) -> str | None:
    """Return why others could put files of theirs into a folder, and the remedy; `None` when they could not."""
    found = root.stat()
    if found.st_uid not in (0, os.geteuid()):
        return f"{root} belongs to another user of this machine: work as that user"
    if found.st_mode & 0o002 or (found.st_mode & 0o020 and not _is_own_group(found.st_gid)):
        return (
            f"other users of this machine can write into {root}, and could put files of theirs in place of yours: "
            f"type `chmod go-w {shlex.quote(str(root))}` and look at what is in it"
        )
    return None


def close_folder(root: Path) -> int:
    """Close a folder and what lies in it to others, and remove stale temporary files; returns how many were open.

    One level suffices: nobody else comes through a closed folder. What belongs to another user stays as it is.
    """
    count = int(_close(root, root.stat()))
    with os.scandir(root) as entries:
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
                if _is_stale(entry.name, found):
                    os.unlink(entry.path)  # noqa: PTH108
                else:
                    count += _close(entry, found)
            except OSError:
                continue  # gone meanwhile
    return count


def _close(path: "Path | os.DirEntry[str]", found: os.stat_result) -> bool:
    is_open = bool(found.st_mode & 0o077) and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode))
    if not is_open or found.st_uid != os.geteuid():
        return False
    os.chmod(path, found.st_mode & 0o700)  # noqa: PTH101
    return True


def _is_stale(name: str, found: os.stat_result) -> bool:
    is_temporary = name.startswith(".") and (name.endswith(TEMPORARY_ENDS) or name.startswith(PROBE))
    return is_temporary and stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > STALE_AFTER_S


def _is_own_group(gid: int) -> bool:
    """Tell whether a group is the user's alone, as most Linux systems give each user one, with a umask of 002."""
    import grp
    import pwd

    if os.geteuid() == 0:
        return False
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return (user.pw_gid, user.pw_name) == (gid, group.gr_name) and set(group.gr_mem) <= {user.pw_name}


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]

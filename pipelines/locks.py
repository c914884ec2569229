"""Locks between the project's own processes: the kernel lets go of them when their holder dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.errors import UserError
from pipelines.files import open_private

CheckStop = Callable[[], None]


def never_stop() -> None:
    """Let a wait go on: the default of every `check_stop`, which may raise to end one."""


def deadline(seconds: float, error: Exception) -> CheckStop:
    """Return a `check_stop` that raises `error` when so many seconds are over."""
    until = time.monotonic() + seconds

    def check_stop() -> None:
        if time.monotonic() > until:
            raise error

    return check_stop


@contextlib.contextmanager
def one_at_a_time(root: Path, command: str) -> Iterator[int]:
    """Hold the lock of `make command` on the Playground `root`.

    Yields its descriptor: a child that inherits it holds the lock, too, even when its parent is killed.
    Raises UserError with the process that holds it.
    """
    with _open(root / f".{command}.lock") as descriptor:
        if not _try(descriptor):
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise UserError(
                f"another `make {command}` (process {holder}) is at work on {root}: "
                "wait for it, or look with `make status`"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield descriptor


def is_busy(root: Path, command: str) -> bool:
    """Tell whether a `make command` is at work on the Playground `root`."""
    try:
        descriptor = open_private(root / f".{command}.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def file_turn(path: Path, check_stop: CheckStop = never_stop) -> Iterator[int]:
    """Wait for the lock on a file and hold it; `check_stop` is called meanwhile. Yields its descriptor."""
    with _open(path) as descriptor:
        while not _try(descriptor):
            check_stop()
            time.sleep(0.05)
        yield descriptor


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

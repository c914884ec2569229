"""Locks between the project's own processes: the kernel lets go of them when their holder dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.errors import UserError
from pipelines.playground import Playground


@contextlib.contextmanager
def one_at_a_time(playground: Playground, command: str) -> Iterator[int]:
    """Hold the lock of `make command` on this Playground.

    Yields its descriptor: a child that inherits it holds the lock, too, even when its parent is killed.
    Raises UserError with the process that holds it.
    """
    with _open(playground.root / f".{command}.lock") as descriptor:
        if not _try(descriptor):
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise UserError(
                f"another `make {command}` (process {holder}) is at work on {playground.root}: "
                "wait for it, or look with `make status`"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield descriptor


def is_busy(playground: Playground, command: str) -> bool:
    """Whether a `make command` is at work on this Playground."""
    try:
        descriptor = os.open(playground.root / f".{command}.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def turn(path: Path, goes_on: Callable[[], None] = lambda: None) -> Iterator[int]:
    """Wait for a lock and hold it; `goes_on` is called while waiting and may raise. Yields its descriptor."""
    with _open(path) as descriptor:
        while not _try(descriptor):
            goes_on()
            time.sleep(0.05)
        yield descriptor


@contextlib.contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
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

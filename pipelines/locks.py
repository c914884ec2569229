"""Locks between the project's own processes: the kernel lets go of them when their holder dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelines.errors import UserError
from pipelines.files import open_private


@dataclass(frozen=True)
class Wait:
    """For what and until when a command waits, and what can be done meanwhile; words for a person."""

    what: str
    meanwhile: str = ""


class CheckStop(Protocol):
    """Called over and over while a wait, or work, goes on; may raise to end it, and tell what is waited for."""

    def __call__(self, waiting: Wait | None = None) -> None: ...


def never_stop(waiting: Wait | None = None) -> None:
    """Let a wait go on: the default of every `check_stop`."""


def deadline(seconds: float, error: Exception) -> CheckStop:
    """Return a `check_stop` that raises `error` when so many seconds are over."""
    until = time.monotonic() + seconds

    def check_stop(waiting: Wait | None = None) -> None:
        if time.monotonic() > until:
            raise error

    return check_stop


@contextlib.contextmanager
def one_at_a_time(root: Path, lock: str, command: str = "") -> Iterator[int]:
    """Hold a lock on the Playground `root` for `make command`; by default it is named like its command.

    Yields its descriptor: a child that inherits it holds the lock, too, even when its parent is killed.
    Raises UserError with the process that holds it.
    """
    command = command or lock
    with _open(root / f".{lock}.lock") as descriptor:
        if not _try(descriptor):
            process, holder = _holder(descriptor, lock)
            other = "another " if holder == command else ""
            raise UserError(
                f"{other}`make {holder}` (process {process}) is at work on {root}: "
                "wait for it, or look with `make status`"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {command}".encode())
        try:
            yield descriptor
        finally:
            os.ftruncate(descriptor, 0)  # whoever holds it next is somebody else


def holder(root: Path, lock: str) -> str | None:
    """Return the command that holds a lock on the Playground `root`; `None` when nobody does."""
    held = _held_by(root, lock)
    return held and held[1]


def others_at_work(root: Path) -> list[str]:
    """Return the commands of other processes that hold a lock on the Playground `root`, with their processes."""
    held = filter(None, (_held_by(root, lock) for lock in ("extract", "transform")))
    return sorted(
        {f"make {command} (process {process})" for process, command in held if process != str(os.getpid())}
    )


def _held_by(root: Path, lock: str) -> tuple[str, str] | None:
    try:
        descriptor = open_private(root / f".{lock}.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        return None if _try(descriptor) else _holder(descriptor, lock)
    finally:
        os.close(descriptor)


def _holder(descriptor: int, lock: str) -> tuple[str, str]:
    """Return process and command; one of an older version has noted its process only."""
    process, _, command = os.read(descriptor, 64).decode(errors="replace").strip().partition(" ")
    return process or "unknown", command or lock


@contextlib.contextmanager
def file_turn(
    path: Path, check_stop: CheckStop = never_stop, waiting: Callable[[], Wait] | None = None
) -> Iterator[int]:
    """Wait for the lock on a file and hold it; `check_stop` is called meanwhile. Yields its descriptor."""
    with _open(path) as descriptor:
        while not _try(descriptor):
            check_stop(waiting() if waiting else None)
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

"""The DuckDB file: taken in turns, opened, read; its errors in words that name the remedy."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import duckdb

from pipelines import locks
from pipelines.errors import RunError, UserError, is_of_file, of_file
from pipelines.playground import Playground

T = TypeVar("T")
LOCK_WAIT_S = 15
# DuckDB would download an extension for a file that looks like another database's.
OFFLINE: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": False}


def warehouse_turn(
    playground: Playground, check_stop: locks.CheckStop = locks.never_stop
) -> AbstractContextManager[int]:
    """Held while a command of ours has the file open: extract and transform take turns, DuckDB would refuse one."""

    def waiting() -> locks.Wait:
        others = " and ".join(locks.others_at_work(playground.root)) or "make docs or make dbt"
        return locks.Wait(
            f"{others} to be done with {playground.warehouse}",
            f"`{playground.to_type('make status')}` tells how far it is, and what is published can be looked at",
        )

    return locks.file_turn(playground.root / ".warehouse.lock", check_stop, waiting)


def connect(path: Path, check_stop: locks.CheckStop = locks.never_stop) -> duckdb.DuckDBPyConnection:
    """Open a warehouse read-only, waiting briefly for a tool that holds it; `check_stop` may raise meanwhile.

    Raises UserError when it stays locked, is no DuckDB file, or was written by a newer DuckDB.
    """
    try:
        return patiently(lambda: duckdb.connect(str(path), read_only=True, config=OFFLINE), path, check_stop)
    except duckdb.Error as error:
        raise explained(error, path) from None


def patiently(action: Callable[[], T], path: Path, check_stop: locks.CheckStop = locks.never_stop) -> T:
    """Do it, again and again for a while if another program locks the file. Raises UserError that names it."""
    until = time.monotonic() + LOCK_WAIT_S
    ends_at = dt.datetime.now().astimezone() + dt.timedelta(seconds=LOCK_WAIT_S)
    while True:
        try:
            return action()
        except Exception as error:
            if not is_locked(error):
                raise
            if time.monotonic() > until:
                raise locked(path, error) from None
            process = _holder(error)
        what = f"a program{process} that holds {path} open, until {ends_at:%H:%M:%S %Z}"
        check_stop(locks.Wait(what, "close it there"))
        time.sleep(0.2)


def is_locked(error: BaseException) -> bool:
    """Tell whether another program has the file open."""
    return any("Could not set lock" in text or "Conflicting lock" in text for text in _causes(error))


def locked(path: Path, error: BaseException) -> UserError:
    """Return the error that names the program that has the file open."""
    return UserError(
        f"{path} is held open by another program{_holder(error)}: close it and run the command again; nothing is lost, "
        f"and SQL tools are better pointed at {path.with_name('marts.duckdb')}"
    )


def _holder(error: BaseException) -> str:
    """Return the process that DuckDB names, in brackets; an empty text when it names none."""
    for text in _causes(error):
        if "PID" in text:
            return " (process " + text.split("PID", 1)[1].split(")")[0].strip(" )") + ")"
    return ""


def explained(error: BaseException, path: Path, remake: str = "make extract") -> BaseException:
    """The error as one that a person can act on, or itself; `remake` is the command that writes `path` anew."""
    if isinstance(error, UserError | RunError) or not isinstance(error, Exception):
        return error
    if is_of_file(error):
        return of_file(error, remake)
    causes = " ".join(_causes(error))
    if "not a valid DuckDB database" in causes or "not a DuckDB" in causes or "sqlite_scanner" in causes:
        return UserError(f"{path} is not a DuckDB file: move it away and type `{remake}` to make it again")
    if "newer version" in causes or "version number" in causes or "storage version" in causes.lower():
        return UserError(
            f"{path} was written by a newer DuckDB than this project's: move it away and type `{remake}`, "
            "or use the version of strava-marts that wrote it"
        )
    if "Corrupt database file" in causes or "Could not read enough bytes" in causes:
        return UserError(f"{path} is damaged: move it away and type `{remake}` to make it again")
    if "No space left" in causes or "ENOSPC" in causes or "disk is full" in causes or "Errno 28" in causes:
        return RunError(
            f"the disk of {path.parent} is full: free some space and type `{remake}`; what was loaded is safe"
        )
    for cause in ("Permission denied", "Operation not permitted", "Is a directory", "Read-only file system"):
        if cause in causes:
            return UserError(f"{path} cannot be opened ({cause.lower()}): mend that and type `{remake}`")
    return error


def _causes(error: BaseException) -> list[str]:
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 20:
        texts.append(str(seen))
        seen = seen.__cause__ or seen.__context__
    return texts

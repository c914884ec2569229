"""The DuckDB file: taken in turns, opened, read; its errors in words that name the remedy."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pipelines import locks
from pipelines.errors import RunError, UserError, is_of_file, of_file
from pipelines.playground import Playground
from pipelines.strava import plan

T = TypeVar("T")
LOCK_WAIT_S = 15
# DuckDB would download an extension for a file that looks like another database's.
OFFLINE: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": False}


def do_nothing() -> None:
    pass


def turn(playground: Playground, goes_on: Callable[[], None] = do_nothing) -> AbstractContextManager[int]:
    """Held while a command of ours has the file open: extract and transform take turns, DuckDB would refuse one."""
    return locks.turn(playground.root / ".warehouse.lock", goes_on)


def connect(path: Path, goes_on: Callable[[], None] = do_nothing) -> duckdb.DuckDBPyConnection:
    """Open a warehouse read-only, waiting briefly for a tool that holds it; `goes_on` may raise meanwhile.

    Raises UserError when it stays locked, is no DuckDB file, or was written by a newer DuckDB.
    """
    try:
        return patiently(lambda: duckdb.connect(str(path), read_only=True, config=OFFLINE), path, goes_on)
    except duckdb.Error as error:
        raise explained(error, path) from None


def patiently(action: Callable[[], T], path: Path, goes_on: Callable[[], None] = do_nothing) -> T:
    """Do it, again and again for a while if another program locks the file. Raises UserError that names it."""
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return action()
        except Exception as error:
            if not is_locked(error):
                raise
            if time.monotonic() > until:
                raise locked(path, error) from None
        goes_on()
        time.sleep(0.2)


def is_locked(error: BaseException) -> bool:
    return any("Could not set lock" in text or "Conflicting lock" in text for text in _causes(error))


def locked(path: Path, error: BaseException) -> UserError:
    holder = ""
    for text in _causes(error):
        if "PID" in text:
            holder = " (process " + text.split("PID", 1)[1].split(")")[0].strip(" )") + ")"
            break
    return UserError(
        f"{path} is held open by another program{holder}: close it and run the command again; nothing is lost, "
        f"and SQL tools are better pointed at {path.with_name('marts.duckdb')}"
    )


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


def read_known(
    playground: Playground, goes_on: Callable[[], None] = do_nothing, *, with_types: bool = True
) -> plan.Known:
    """What the warehouse holds, as a run needs it; empty before the first load. To be called in one's turn.

    Without `with_types` the types of columns are left out: they need pyarrow, a third of `make status`.
    """
    if not playground.warehouse.exists():
        return plan.Known()
    with connect(playground.warehouse, goes_on) as connection:
        tables = frozenset(
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'strava_raw'"
            ).fetchall()
        )
        known = plan.Known(has_table=tables)
        if "activities" in tables:
            for id_, start, *values in connection.execute(
                # Python gets an instant as UTC wall clock: of DuckDB's own time zones it would need pytz.
                "select id, start_date::timestamptz at time zone 'UTC', distance, moving_time, elapsed_time, "
                "manual, content_hash, deleted_at is not null, start_date_local::date from strava_raw.activities"
            ).fetchall():
                known.activities[id_] = plan.Activity(id_, _utc(start), *values)
            if with_types:
                known.extra_types = _extra_types(connection)
        if "stream_fetches" in tables:
            known.fetches = {
                row[0]: plan.Fetch(row[1], row[2], row[3], _utc(row[4]), (row[5], row[6], row[7]))
                for row in connection.execute(
                    "select activity_id, status, sample_count, attempt_count, "
                    "next_attempt_at::timestamptz at time zone 'UTC', distance, moving_time, elapsed_time "
                    "from strava_raw.stream_fetches"
                ).fetchall()
            }
        if "listings" in tables:
            row = connection.execute(
                "select started_at::timestamptz at time zone 'UTC', scope, start_date from strava_raw.listings "
                "where is_full order by started_at desc limit 1"
            ).fetchone()
            if row:
                known.last_full = plan.Listing(row[0].replace(tzinfo=dt.UTC), row[1], row[2])
        if "athlete" in tables:
            row = connection.execute(
                "select max(refreshed_at)::timestamptz at time zone 'UTC' from strava_raw.athlete"
            ).fetchone()
            known.athlete_refreshed_at = _utc(row[0]) if row else None
        return known


def _extra_types(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    from pipelines.strava import shape

    schema = connection.execute("select * from strava_raw.activities limit 0").to_arrow_table().schema
    return {
        item.name: item.type
        for item in schema
        if item.name not in shape.ACTIVITY_TYPES and not item.name.startswith("_dlt")
    }


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None else None

"""The DuckDB file and the dlt pipeline that writes it: open only while reading the state or loading."""

import contextlib
import datetime as dt
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines import plan
from pipelines.errors import RunError, UserError, one_line
from pipelines.settings import Playground

if TYPE_CHECKING:
    import pyarrow as pa

LOCK_WAIT_S = 15
# What DuckDB may take beside Python: a load holds some seconds of samples only.
MEMORY_LIMIT = "110MB"


@contextlib.contextmanager
def one_writer(playground: Playground, name: str) -> Iterator[int]:
    """Hold the Playground's lock `name`; the kernel lets go of it when its process dies.

    Yields its descriptor: a child that inherits it holds the lock, too, even when its parent is killed.

    Raises UserError with the process that holds it.
    """
    path = playground.root / f".{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise UserError(
                f"another `make {name}` (process {holder}) is at work on {playground.root}: "
                "wait for it, or look with `make status`"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield descriptor
    finally:
        os.close(descriptor)


def is_busy(playground: Playground, name: str) -> bool:
    """Whether a process holds the Playground's lock `name`."""
    try:
        descriptor = os.open(playground.root / f".{name}.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def connect(path: Path, wait_s: float = LOCK_WAIT_S) -> duckdb.DuckDBPyConnection:
    """Open a warehouse read-only, waiting briefly for a tool that holds it.

    Raises UserError when it stays locked, is no DuckDB file, or was written by a newer DuckDB.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            return duckdb.connect(str(path), read_only=True)
        except duckdb.Error as error:
            if not is_locked(error):
                raise explained(error, path) from None
            if time.monotonic() > until:
                raise locked(path, error) from None
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


def explained(error: BaseException, path: Path, remake: str = "make extract") -> Exception:
    """The error as one that a person can act on, or itself; `remake` is the command that writes `path` anew."""
    causes = " ".join(_causes(error))
    if "not a valid DuckDB database" in causes or "not a DuckDB" in causes:
        return UserError(f"{path} is not a DuckDB file: move it away and type `{remake}` to make it again")
    if "newer version" in causes or "version number" in causes or "storage version" in causes.lower():
        return UserError(
            f"{path} was written by a newer DuckDB than this project's: move it away and type `{remake}`, "
            "or use the version of strava-marts that wrote it"
        )
    if "Corrupt database file" in causes:
        return UserError(f"{path} is damaged: move it away and type `{remake}` to make it again")
    if "No space left" in causes or "ENOSPC" in causes or "disk is full" in causes or "Errno 28" in causes:
        return RunError(
            f"the disk of {path.parent} is full: free some space and type `{remake}`; what was loaded is safe"
        )
    if "Permission denied" in causes:
        return UserError(f"{path} cannot be opened (permission denied): mend its permissions and try again")
    return error if isinstance(error, Exception) else RunError(one_line(error))


def _causes(error: BaseException) -> list[str]:
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 20:
        texts.append(str(seen))
        seen = seen.__cause__ or seen.__context__
    return texts


def read_known(playground: Playground) -> plan.Known:
    """What the warehouse holds, as a run needs it; empty before the first load."""
    if not playground.warehouse.exists():
        return plan.Known()
    from pipelines import shape

    with connect(playground.warehouse) as connection:
        tables = frozenset(
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_schema = 'strava_raw'"
            ).fetchall()
        )
        known = plan.Known(has_table=tables)
        if "activities" in tables:
            known.activities = {
                row[0]: plan.Activity(*row)
                for row in connection.execute(
                    "select id, start_date::timestamptz at time zone 'UTC', distance, moving_time, elapsed_time, "
                    "manual, content_hash, deleted_at is not null from strava_raw.activities"
                ).fetchall()
            }
            known.activities = {id_: _aware(activity) for id_, activity in known.activities.items()}
            schema = connection.execute("select * from strava_raw.activities limit 0").to_arrow_table().schema
            known.extra_types = {
                item.name: item.type
                for item in schema
                if item.name not in shape.ACTIVITY_TYPES and not item.name.startswith("_dlt")
            }
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


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None else None


def _aware(activity: plan.Activity) -> plan.Activity:
    import dataclasses

    return dataclasses.replace(activity, start_date=_utc(activity.start_date))


class Loader:
    """dlt's pipeline into the warehouse. A load that fails stays in dlt's folder and goes first the next time."""

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        if not playground.warehouse.exists():
            # What dlt remembers of a warehouse that is gone would only mislead it.
            shutil.rmtree(playground.dlt_dir, ignore_errors=True)
        try:
            self.pipeline = self._attach()
        except Exception as error:
            self._start_over(error)

    def _attach(self) -> Any:
        for name, value in {
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "CRITICAL",
            # Ctrl-C and TERM are ours: they end a run after what is in hand has been loaded.
            "RUNTIME__INTERCEPT_SIGNALS": "false",
            "NORMALIZE__WORKERS": "1",
            "LOAD__WORKERS": "1",
            "DLT_DATA_DIR": str(self.playground.dlt_dir.absolute()),
        }.items():
            os.environ[name] = value
        import dlt
        from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

        from pipelines.destination import CopyOnceDuckDb

        credentials = DuckDbCredentials(str(self.playground.warehouse.absolute()))
        credentials.global_config = {
            "memory_limit": MEMORY_LIMIT,
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,
        }
        is_lost = self.playground.warehouse.exists() and not self.playground.dlt_dir.exists()
        pipeline = dlt.pipeline(
            pipeline_name="strava",
            pipelines_dir=str(self.playground.dlt_dir.absolute()),
            destination=CopyOnceDuckDb(credentials=credentials, destination_name="duckdb"),
            dataset_name="strava_raw",
        )
        if is_lost:
            self._patiently(lambda _: pipeline.sync_destination())
        return pipeline

    def finish_pending(self) -> bool:
        """Load what an earlier run left behind; whether there was anything."""
        try:
            if not self.pipeline.has_pending_data:
                return False
            self._patiently(self._normalise_and_load)
        except Exception as error:
            self._start_over(error)
        return True

    def _start_over(self, error: Exception) -> None:
        """After dlt's folder was torn by a power cut: its seconds of requests are asked for again."""
        known = explained(error, self.playground.warehouse)
        if isinstance(known, UserError | RunError):
            raise known from None
        shutil.rmtree(self.playground.dlt_dir, ignore_errors=True)
        self.pipeline = self._attach()
        self._forget_half_loaded()

    def _forget_half_loaded(self) -> None:
        """Make the next run ask again for what a load that cannot be finished may have left in halves."""
        tables = read_known(self.playground).has_table
        if {"streams", "stream_fetches", "_dlt_loads"} <= tables:
            # A load holds what was fetched after the one before it had begun, which is what its id says.
            self.execute(
                "delete from strava_raw.stream_fetches as f where f.fetched_at >= coalesce("
                "(select to_timestamp(max(load_id::double)) - interval 1 second from strava_raw._dlt_loads), "
                "'epoch'::timestamptz) or f.sample_count <> "
                "(select count(*) from strava_raw.streams as s where s.activity_id = f.activity_id)"
            )
        if "listings" in tables:
            self.execute("delete from strava_raw.listings")
        if "athlete" in tables:
            self.execute("update strava_raw.athlete set refreshed_at = null")

    def load(self, tables: "Mapping[str, Sequence[pa.Table]]") -> None:
        """Merge tables into strava_raw, all or (after a crash) once the next run has begun."""
        import pyarrow as pa

        from pipelines.source import strava

        try:
            # One table per load and not one per activity: each costs a Parquet row group.
            whole = {
                name: pa.concat_tables(parts, promote_options="default") for name, parts in tables.items()
            }
            # In dlt's folder before the file is opened: a program that locks it loses us nothing.
            self.pipeline.extract(strava(whole))
            self._patiently(self._normalise_and_load)
        except (UserError, RunError):
            raise
        except Exception as error:
            raise explained(error, self.playground.warehouse) from error

    def _normalise_and_load(self, _: duckdb.DuckDBPyConnection) -> None:
        self.pipeline.normalize()
        self.pipeline.load()

    def execute(self, statement: str, *values: Any) -> None:
        """One SQL statement of our own on strava_raw."""

        def run(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(statement, values)

        self._patiently(run)

    def _patiently(self, action: Callable[[duckdb.DuckDBPyConnection], Any]) -> None:
        """Do it; while another program locks the file try again for a while (longer for our own transform)."""
        until = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                # Held open all the while: dlt opens it several times a load, and each closing is a checkpoint.
                with duckdb.connect(str(self.playground.warehouse)) as connection:
                    action(connection)
                return
            except Exception as error:
                if not is_locked(error):
                    raise
                if is_busy(self.playground, "transform"):
                    until = time.monotonic() + LOCK_WAIT_S
                elif time.monotonic() > until:
                    raise locked(self.playground.warehouse, error) from None
            time.sleep(0.3)

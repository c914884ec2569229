"""Events become rows of `strava_raw`: written by dlt, a few seconds' worth at a time."""

import contextlib
import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dlt
import duckdb
import orjson
import pyarrow as pa
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.extract import DltResource

from pipelines import locks
from pipelines.errors import RunError, StoppedError, UserError, one_line
from pipelines.events import Change, Confirmed, Deleted, SamplesGone, Superseded
from pipelines.files import read_private, write_private
from pipelines.playground import Playground
from pipelines.tables import ACTIVITIES, DATASET, STREAM_FETCHES, STREAMS, TABLES
from pipelines.warehouse.copy_once import CopyOnceDuckDb
from pipelines.warehouse.file import explained, patiently, warehouse_turn
from pipelines.warehouse.known import read_known

# What DuckDB may take beside Python: a load holds some seconds of samples only.
MEMORY_LIMIT = "110MB"

TablesInHand = Mapping[str, Sequence[pa.Table]]


# The schema in every Playground's dlt folder has this name.
@dlt.source(name="strava", schema_contract={"data_type": "freeze"})
def in_hand(tables: Mapping[str, pa.Table]) -> Iterator[DltResource]:
    """What has come in since the last load, as dlt resources.

    dlt loads only after a run's extraction has ended, so that one run over a whole history would lose all of
    it when killed. Each run therefore carries the few seconds that are in hand, and the place to go on from
    is read from the warehouse itself (it cannot disagree with the rows), not from dlt's incremental state.
    """
    for name, rows in tables.items():
        yield dlt.resource([rows], name=name, **TABLES[name].hints)


class Loader:
    """dlt's pipeline into the warehouse. A load that fails stays in dlt's folder and goes first the next time.

    `check_stop` is called while another program has the warehouse, and may raise to end the wait. `command` is what
    the user is told to type once what keeps it from loading is mended.
    """

    def __init__(
        self, playground: Playground, check_stop: locks.CheckStop, command: str = "make extract"
    ) -> None:
        self.playground, self.check_stop, self.command = playground, check_stop, command
        if not playground.warehouse.exists():
            # What dlt remembers of a warehouse that is gone would only mislead it.
            shutil.rmtree(playground.dlt_dir, ignore_errors=True)

    def resume(self) -> str | None:
        """Load what an earlier run left behind. Returns what a person should know of it; `None` for nothing."""
        try:
            self.pipeline = self._attach()
            self._clear_remains()
            changes = self._kept_changes()
            if not (self.pipeline.has_pending_data or changes):
                return None
            self._in_turn(self._normalise_and_load)
            for change in changes:
                self.change(change)
            self._changes.unlink(missing_ok=True)
        except Exception as error:
            self._start_over(error)
            return f"what the last run had left behind was damaged ({one_line(error)[:200]}) and is asked for again"
        return "loaded what the last run had left behind"

    def load(self, tables: TablesInHand) -> None:
        """Merge tables into strava_raw, all or (after a crash) once the next run has begun."""
        with self._explained():
            # In dlt's folder before the file is opened: a program that locks it loses us nothing.
            self.keep(tables)
            # Each load of dlt's leaves an exception behind, with the frames of whoever called it: what their
            # variables hold would stay for ever.
            del tables
            self._in_turn(self._normalise_and_load)

    def keep(self, tables: TablesInHand, changes: Sequence[Change] = ()) -> None:
        """Put tables into dlt's folder for the next load, and beside them what is to be changed after it.

        The warehouse is not opened.
        """
        if changes:
            # First: a row of the ledger may say that an activity has no samples, and nobody would look again.
            kept = [{"event": type(change).__name__, **asdict(change)} for change in changes]
            write_private(self._changes, orjson.dumps(kept))
        if not tables:
            return
        # One table per load and not one per activity: each costs a Parquet row group.
        whole = {name: TABLES[name].newest(parts) for name, parts in tables.items()}
        self.pipeline.extract(in_hand(whole))

    @property
    def _changes(self) -> Path:
        return self.playground.dlt_dir / "changes.json"

    def _kept_changes(self) -> list[Change]:
        """Read what an earlier run has kept. Raises ValueError when the file is torn."""
        if not self._changes.exists():
            return []
        kept: list[Change] = []
        for item in orjson.loads(read_private(self._changes)):
            match item.pop("event"):
                case Deleted.__name__:
                    kept.append(Deleted(item["activity_ids"], dt.datetime.fromisoformat(item["at"])))
                case Superseded.__name__:
                    kept.append(Superseded(**item))
                case Confirmed.__name__:
                    at = item.pop("archive_modified_at")
                    kept.append(Confirmed(**item, archive_modified_at=at and dt.datetime.fromisoformat(at)))
                case _:
                    kept.append(SamplesGone(**item))
        return kept

    def change(self, event: Change) -> None:
        """Do what an event says of rows that stand already; all rows before it must have been loaded.

        These are statements of our own: dlt's merge would need the whole rows once more.
        """
        with self._explained():
            match event:
                case Deleted(ids, at):
                    self._execute(
                        f"update {DATASET}.activities set deleted_at = ? where id in (select unnest(?))",
                        at,
                        ids,
                    )
                case SamplesGone(id_):
                    self._execute(f"delete from {DATASET}.streams where activity_id = ?", id_)
                case Confirmed(ids, name, at):
                    for table in (ACTIVITIES, STREAM_FETCHES):
                        self._execute(
                            f"update {DATASET}.{table.name} set archive_name = ?, archive_modified_at = ? "
                            f"where origin = 'archive' and {table.key} in (select unnest(?))",
                            name,
                            at,
                            ids,
                        )
                case Superseded(ids):
                    # In one transaction: of a half the next run would not know that there is another.
                    for_each = "delete from {}.{} where {} in (select unnest(?))"
                    self._execute_all(
                        (for_each.format(DATASET, table.name, table.key), (ids,))
                        for table in (STREAMS, STREAM_FETCHES, ACTIVITIES)
                    )

    # --- dlt -----------------------------------------------------------------------------------------------

    def _attach(self) -> Any:
        for name, value in {
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "CRITICAL",
            # Ctrl-C and TERM are ours: they end a run after what is in hand has been loaded.
            "RUNTIME__INTERCEPT_SIGNALS": "false",
            "NORMALIZE__WORKERS": "1",
            "LOAD__WORKERS": "1",
            # Else dlt keeps every sample a second time, for ever,
            "LOAD__DELETE_COMPLETED_JOBS": "true",
            # and a protocol that grows by 20 kB a load.
            "ENABLE_RUNTIME_TRACE": "false",
            "DLT_DATA_DIR": str(self.playground.dlt_dir.absolute()),
        }.items():
            os.environ[name] = value
        credentials = DuckDbCredentials(str(self.playground.warehouse.absolute()))
        credentials.global_config = {
            "memory_limit": MEMORY_LIMIT,
            "TimeZone": "UTC",
            "autoinstall_known_extensions": False,
        }
        is_lost = self.playground.warehouse.exists() and not self.playground.dlt_dir.exists()
        # dlt writes each load's statements into the machine's folder of temporary files first.
        temporary = self.playground.dlt_dir.absolute() / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True, mode=0o700)
        tempfile.tempdir = str(temporary)
        pipeline = dlt.pipeline(
            pipeline_name="strava",
            pipelines_dir=str(self.playground.dlt_dir.absolute()),
            destination=CopyOnceDuckDb(credentials=credentials, destination_name="duckdb"),
            dataset_name=DATASET,
        )
        if is_lost:
            self._in_turn(lambda _: pipeline.sync_destination())
        return pipeline

    def _normalise_and_load(self, _: duckdb.DuckDBPyConnection) -> None:
        self.pipeline.normalize()
        self.pipeline.load()
        self._clear_loaded()

    def _clear_loaded(self) -> None:
        """Remove what dlt notes of packages that are loaded: thousands of them are thousands of files."""
        _remove_all((self._folder / "load" / "loaded").glob("*"))

    def _clear_remains(self) -> None:
        """Remove what is of no use to anybody: of earlier versions, and of a process killed while it extracted."""
        self._clear_loaded()
        (self._folder / "trace.pickle").unlink(missing_ok=True)
        # Each extraction begins in a folder with a name of its own, and dlt takes up no other one's.
        _remove_all(path for path in (self._folder / "normalize").glob("[!.]*") if path.name != "extracted")

    @property
    def _folder(self) -> Path:
        return self.playground.dlt_dir / str(self.pipeline.pipeline_name)

    def _start_over(self, error: Exception) -> None:
        """After dlt's folder was torn by a power cut: its seconds of requests are asked for again."""
        known = explained(error, self.playground.warehouse, self.command)
        if isinstance(known, UserError | RunError | StoppedError):
            raise known from None
        shutil.rmtree(self.playground.dlt_dir, ignore_errors=True)
        self.pipeline = self._attach()
        self._forget_half_loaded()

    def _forget_half_loaded(self) -> None:
        """Make the next run ask again for what a load that cannot be finished may have left in halves."""
        tables = read_known(self.playground, self.check_stop).tables
        if {"streams", "stream_fetches", "_dlt_loads"} <= tables:
            # A load holds what was fetched after the one before it had begun, which is what its id says.
            self._execute(
                f"delete from {DATASET}.stream_fetches as f where f.fetched_at >= coalesce("
                f"(select to_timestamp(max(load_id::double)) - interval 1 second from {DATASET}._dlt_loads), "
                "'epoch'::timestamptz) or f.sample_count <> "
                f"(select count(*) from {DATASET}.streams as s where s.activity_id = f.activity_id)"
            )
        if "listings" in tables:
            self._execute(f"delete from {DATASET}.listings")
        if "athlete" in tables:
            self._execute(f"update {DATASET}.athlete set refreshed_at = null")

    # --- the file ------------------------------------------------------------------------------------------

    def _execute(self, statement: str, *values: object) -> None:
        self._execute_all([(statement, values)])

    def _execute_all(self, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
        """Execute statements with their values, all or none."""
        every = list(statements)

        def run(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute("set TimeZone = 'UTC'")
            connection.begin()
            for statement, values in every:
                connection.execute(statement, values)
            connection.commit()

        self._in_turn(run)

    def _in_turn(self, action: Callable[[duckdb.DuckDBPyConnection], Any]) -> None:
        path = self.playground.warehouse

        def run() -> None:
            # Held open all the while: dlt opens it several times a load, and each closing is a checkpoint.
            with duckdb.connect(str(path)) as connection:
                action(connection)

        with warehouse_turn(self.playground, self.check_stop):
            patiently(run, path, self.check_stop)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            known = explained(error, self.playground.warehouse, self.command)
            if known is error:
                raise
            raise known from error


def _remove_all(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)

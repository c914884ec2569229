"""The warehouse's tables are written by dlt, a few seconds' worth at a time."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dlt
import duckdb
import pyarrow as pa
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob

from pipelines.errors import RunError, StoppedError, UserError, one_line
from pipelines.playground import Playground
from pipelines.strava.source import strava
from pipelines.warehouse.file import explained, patiently, read_known, turn

# What DuckDB may take beside Python: a load holds some seconds of samples only.
MEMORY_LIMIT = "110MB"


class Loader:
    """dlt's pipeline into the warehouse. A load that fails stays in dlt's folder and goes first the next time.

    `goes_on` is called while another program has the warehouse, and may raise to end the wait.
    """

    def __init__(self, playground: Playground, goes_on: Callable[[], None]) -> None:
        self.playground, self.goes_on = playground, goes_on
        if not playground.warehouse.exists():
            # What dlt remembers of a warehouse that is gone would only mislead it.
            shutil.rmtree(playground.dlt_dir, ignore_errors=True)

    def resume(self) -> str | None:
        """Load what an earlier run left behind. Returns what a person should know of it; null for nothing."""
        try:
            self.pipeline = self._attach()
            if not self.pipeline.has_pending_data:
                return None
            self._in_turn(self._normalise_and_load)
        except Exception as error:
            self._start_over(error)
            return f"what the last run had left behind was damaged ({one_line(error)[:200]}) and is asked for again"
        return "loaded what the last run had left behind"

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
            self._in_turn(lambda _: pipeline.sync_destination())
        return pipeline

    def _start_over(self, error: Exception) -> None:
        """After dlt's folder was torn by a power cut: its seconds of requests are asked for again."""
        known = explained(error, self.playground.warehouse)
        if isinstance(known, UserError | RunError | StoppedError):
            raise known from None
        shutil.rmtree(self.playground.dlt_dir, ignore_errors=True)
        self.pipeline = self._attach()
        self._forget_half_loaded()

    def _forget_half_loaded(self) -> None:
        """Make the next run ask again for what a load that cannot be finished may have left in halves."""
        tables = read_known(self.playground, self.goes_on).has_table
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

    def load(self, tables: Mapping[str, Sequence[pa.Table]]) -> None:
        """Merge tables into strava_raw, all or (after a crash) once the next run has begun."""
        try:
            # One table per load and not one per activity: each costs a Parquet row group.
            whole = {
                name: pa.concat_tables(parts, promote_options="default") for name, parts in tables.items()
            }
            # In dlt's folder before the file is opened: a program that locks it loses us nothing.
            self.pipeline.extract(strava(whole))
            self._in_turn(self._normalise_and_load)
        except Exception as error:
            known = explained(error, self.playground.warehouse)
            if known is error:
                raise
            raise known from error

    def _normalise_and_load(self, _: duckdb.DuckDBPyConnection) -> None:
        self.pipeline.normalize()
        self.pipeline.load()

    def execute(self, statement: str, *values: Any) -> None:
        """One SQL statement of our own on strava_raw."""

        def run(connection: duckdb.DuckDBPyConnection) -> None:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(statement, values)

        self._in_turn(run)

    def _in_turn(self, action: Callable[[duckdb.DuckDBPyConnection], Any]) -> None:
        path = self.playground.warehouse

        def run() -> None:
            # Held open all the while: dlt opens it several times a load, and each closing is a checkpoint.
            with duckdb.connect(str(path)) as connection:
                action(connection)

        with turn(self.playground, self.goes_on):
            patiently(run, path, self.goes_on)


# dlt notes that a file is copied after DuckDB has committed it. Killed in between, or refused by a full disk
# after the commit, it copies the file a second time; the merge of `streams` would then double the samples.


class CopyOnce(DuckDbCopyJob):
    """Copy a file into its table (one file a table and load), in place of what is there."""

    def run(self) -> None:
        client = self._job_client.sql_client
        with client.begin_transaction():
            client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(self.load_table_name)}")
            super().run()


class CopyOnceClient(DuckDbClient):
    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        job = super().create_load_job(table, file_path, load_id, restore)
        # dlt's own tables are appended to.
        if isinstance(job, DuckDbCopyJob) and not table["name"].startswith("_dlt"):
            return CopyOnce(file_path)
        return job


class CopyOnceDuckDb(dlt.destinations.duckdb):
    @property
    def client_class(self) -> type[DuckDbClient]:
        return CopyOnceClient

"""What the warehouse holds, read for a source that decides what to ask for."""

import datetime as dt

import duckdb

from pipelines import locks
from pipelines.known import Activity, Fetch, Known, Listing
from pipelines.playground import Playground
from pipelines.tables import ACTIVITIES, ATHLETE, DATASET, LISTINGS, STREAM_FETCHES, Kind
from pipelines.warehouse.file import connect


def read_known(playground: Playground, check_stop: locks.CheckStop = locks.never_stop) -> Known:
    """Return what was loaded; empty before the first load. The caller holds the warehouse's turn.

    Raises:
        UserError: the file is locked, damaged, or none of DuckDB's.
    """
    if not playground.warehouse.exists():
        return Known()
    with connect(playground.warehouse, check_stop) as connection:
        known = Known(tables=tables_in(connection))
        if ACTIVITIES.name in known.tables:
            known.activities, known.extra_types = _activities(connection), _extra_types(connection)
        if STREAM_FETCHES.name in known.tables:
            known.fetches = _fetches(connection)
        if LISTINGS.name in known.tables:
            known.last_full = _last_full(connection)
        if ATHLETE.name in known.tables:
            row = connection.execute(
                f"select max(refreshed_at)::timestamptz at time zone 'UTC' from {DATASET}.athlete"
            ).fetchone()
            known.athlete_refreshed_at = _utc(row[0]) if row else None
        return known


def tables_in(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the names of the raw tables that exist."""
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = ?", [DATASET]
    ).fetchall()
    return frozenset(name for (name,) in found)


def _activities(connection: duckdb.DuckDBPyConnection) -> dict[int, Activity]:
    return {
        id_: Activity(id_, _utc(start), *values)
        for id_, start, *values in connection.execute(
            # Python gets an instant as UTC wall clock: of DuckDB's own time zones it would need pytz.
            "select id, start_date::timestamptz at time zone 'UTC', distance, moving_time, elapsed_time, "
            f"manual, content_hash, deleted_at is not null, start_date_local::date from {DATASET}.activities"
        ).fetchall()
    }


def _extra_types(connection: duckdb.DuckDBPyConnection) -> dict[str, Kind]:
    """Return the columns that Strava's answers have added, with what they hold."""
    found = connection.execute(
        "select column_name, data_type from information_schema.columns where table_schema = ? and table_name = ?",
        [DATASET, ACTIVITIES.name],
    ).fetchall()
    kinds: dict[str, Kind] = {"BIGINT": "int64", "DOUBLE": "double", "BOOLEAN": "bool"}
    return {
        name: kinds.get(data_type, "text")
        for name, data_type in found
        if name not in ACTIVITIES.columns and not name.startswith("_dlt")
    }


def _fetches(connection: duckdb.DuckDBPyConnection) -> dict[int, Fetch]:
    return {
        row[0]: Fetch(row[1], row[2], row[3], _utc(row[4]), (row[5], row[6], row[7]))
        for row in connection.execute(
            "select activity_id, status, sample_count, attempt_count, "
            "next_attempt_at::timestamptz at time zone 'UTC', distance, moving_time, elapsed_time "
            f"from {DATASET}.stream_fetches"
        ).fetchall()
    }


def _last_full(connection: duckdb.DuckDBPyConnection) -> Listing | None:
    row = connection.execute(
        f"select started_at::timestamptz at time zone 'UTC', scope, start_date from {DATASET}.listings "
        "where is_full order by started_at desc limit 1"
    ).fetchone()
    return Listing(row[0].replace(tzinfo=dt.UTC), row[1], row[2]) if row else None


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None else None

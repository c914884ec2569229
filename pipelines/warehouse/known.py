"""What the warehouse holds, read for a source that decides what to ask for."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from pipelines import locks
from pipelines.kinds import Kind
from pipelines.known import Activity, Archived, Fetch, Known, Listing
from pipelines.playground import Playground
from pipelines.tables import (
    ACTIVITIES,
    ATHLETE,
    DATASET,
    GEAR,
    LISTINGS,
    ORIGIN,
    STREAM_FETCHES,
    TABLES,
    Table,
)
from pipelines.warehouse.file import OFFLINE, connect, patiently

SQL_TYPES: dict[Kind, str] = {
    "int64": "bigint",
    "int32": "integer",
    "double": "double",
    "text": "varchar",
    "bool": "boolean",
    "instant": "timestamptz",
    "wall_clock": "timestamp",
}


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
            athletes = list(_rows(connection, ATHLETE, ("id", "refreshed_at")))
            known.athlete_ids = frozenset(row["id"] for row in athletes)
            refreshed = [row["refreshed_at"] for row in athletes if row["refreshed_at"]]
            known.athlete_refreshed_at = _utc(max(refreshed, default=None))
        if GEAR.name in known.tables:
            known.gear_count = len(list(_rows(connection, GEAR, ("id",))))
        return known


def add_missing_columns(playground: Playground) -> None:
    """Give raw tables of an older version the columns of today's, empty. The caller holds the warehouse's turn."""

    def missing(connection: duckdb.DuckDBPyConnection) -> list[str]:
        return [
            f"alter table {DATASET}.{table.name} add column {name} {SQL_TYPES[kind]}"
            for table in TABLES.values()
            if (present := columns_in(connection, table.name))
            for name, kind in table.columns.items()
            if name not in present
        ]

    with connect(playground.warehouse) as connection:
        statements = missing(connection)
    if statements:

        def run() -> None:
            with duckdb.connect(str(playground.warehouse), config=OFFLINE) as connection:
                for statement in statements:
                    connection.execute(statement)

        patiently(run, playground.warehouse)


def tables_in(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the names of the raw tables that exist."""
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = ?", [DATASET]
    ).fetchall()
    return frozenset(name for (name,) in found)


def _activities(connection: duckdb.DuckDBPyConnection) -> dict[int, Activity]:
    names = (
        *(
            "id",
            "start_date",
            "distance",
            "moving_time",
            "elapsed_time",
            "manual",
            "content_hash",
            "deleted_at",
        ),
        *("start_date_local", "local_time_source", "timezone", "utc_offset", *ORIGIN),
    )
    found = {}
    for row in _rows(connection, ACTIVITIES, names):
        local = row["start_date_local"]
        found[row["id"]] = Activity(
            id=row["id"],
            start_date=_utc(row["start_date"]),
            distance=row["distance"],
            moving_time=row["moving_time"],
            elapsed_time=row["elapsed_time"],
            manual=row["manual"],
            content_hash=row["content_hash"],
            is_deleted=row["deleted_at"] is not None,
            local_date=local.date() if local else None,
            archived=_archived(row),
            local_time_source=row["local_time_source"],
            timezone=row["timezone"],
            utc_offset_s=row["utc_offset"],
        )
    return found


def _extra_types(connection: duckdb.DuckDBPyConnection) -> dict[str, Kind]:
    """Return the columns that Strava's answers have added, with what they hold."""
    kinds: dict[str, Kind] = {"BIGINT": "int64", "DOUBLE": "double", "BOOLEAN": "bool"}
    return {
        name: kinds.get(data_type, "text")
        for name, data_type in columns_in(connection, ACTIVITIES.name).items()
        if name not in ACTIVITIES.columns and not name.startswith("_dlt")
    }


def _fetches(connection: duckdb.DuckDBPyConnection) -> dict[int, Fetch]:
    names = (
        *("activity_id", "status", "sample_count", "attempt_count", "next_attempt_at", "error"),
        *("distance", "moving_time", "elapsed_time", *ORIGIN),
        *("file_fingerprint", "file_content", "stream_types"),
    )
    return {
        row["activity_id"]: Fetch(
            status=row["status"],
            sample_count=row["sample_count"],
            attempt_count=row["attempt_count"],
            next_attempt_at=_utc(row["next_attempt_at"]),
            measures=(row["distance"], row["moving_time"], row["elapsed_time"]),
            error=row["error"],
            archived=_archived(row),
            file_fingerprint=row["file_fingerprint"],
            file_content=row["file_content"],
            stream_types=frozenset(row["stream_types"].split(",")) if row["stream_types"] else None,
        )
        for row in _rows(connection, STREAM_FETCHES, names)
    }


def _rows(
    connection: duckdb.DuckDBPyConnection, table: Table, names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Read columns of a table; those that an older version of ours did not have are `None`."""
    present = columns_in(connection, table.name)

    def expression(name: str) -> str:
        if name not in present:
            return "null"
        # Python gets an instant as UTC wall clock: of DuckDB's own time zones it would need pytz.
        return f"{name}::timestamptz at time zone 'UTC'" if table.columns[name] == "instant" else name

    cursor = connection.execute(f"select {', '.join(map(expression, names))} from {DATASET}.{table.name}")
    for values in cursor.fetchall():
        yield dict(zip(names, values, strict=True))


def columns_in(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return DuckDB's type of each column that a raw table has."""
    found = connection.execute(
        "select column_name, data_type from information_schema.columns where table_schema = ? and table_name = ?",
        [DATASET, table],
    ).fetchall()
    return dict(found)


def _archived(row: dict[str, Any]) -> Archived | None:
    if row["origin"] != "archive":
        return None
    return Archived(row["archive_name"], _utc(row["archive_modified_at"]), row["file_name"])


def _last_full(connection: duckdb.DuckDBPyConnection) -> Listing | None:
    row = connection.execute(
        f"select started_at::timestamptz at time zone 'UTC', scope, start_date from {DATASET}.listings "
        "where is_full order by started_at desc limit 1"
    ).fetchone()
    return Listing(row[0].replace(tzinfo=dt.UTC), row[1], row[2]) if row else None


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None else None

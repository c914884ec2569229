"""Rows that are marked deleted leave the warehouse, and the file keeps no block of them.

DuckDB leaves deleted rows where they were, and VACUUM does not help: a copy of the whole database does.
"""

import shutil
from dataclasses import dataclass

import duckdb

from pipelines import files
from pipelines.errors import RunError
from pipelines.playground import Playground
from pipelines.tables import DATASET
from pipelines.warehouse.file import OFFLINE, patiently
from pipelines.warehouse.published import quoted

# What a killed process of ours, or DuckDB while it sorts, leaves in the Playground.
TEMPORARY = (
    *(f".*{end}" for end in files.TEMPORARY_ENDS),
    f"{files.PROBE}*",
    ".*.new.wal",
    "*.duckdb.tmp",
    ".dlt.purged",
)


@dataclass(frozen=True)
class Purged:
    """How much was marked deleted."""

    activity_count: int
    sample_count: int


def delete_marked(playground: Playground) -> Purged:
    """Delete what is marked deleted from every table, in one transaction. The caller holds the warehouse.

    Tables are found by their column `activity_id`: the models', too, and those that an older version has left.
    """

    def run() -> Purged:
        with duckdb.connect(str(playground.warehouse), config=OFFLINE) as connection:
            connection.begin()
            purged = _delete(connection)
            connection.commit()
            connection.execute("force checkpoint")
            return purged

    return patiently(run, playground.warehouse)


def _delete(connection: duckdb.DuckDBPyConnection) -> Purged:
    connection.execute(
        f"create temp table marked as select id from {DATASET}.activities where deleted_at is not null"
    )
    rows = connection.execute(
        "select schema_name, table_name, bool_or(column_name = 'activity_id') from duckdb_columns() "
        "join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = current_database() and not temporary group by all order by all"
    ).fetchall()
    sample_count = 0
    for schema, name, has_activity in rows:
        table = f'"{schema}"."{name}"'
        if schema == f"{DATASET}_staging" and not name.startswith("_dlt"):
            connection.execute(f"delete from {table}")  # where dlt has put the rows of its last load
        elif has_activity:
            found = connection.execute(f"delete from {table} where activity_id in (from marked)").fetchall()
            sample_count += found[0][0] if (schema, name) == (DATASET, "streams") else 0
    [(activity_count,)] = connection.execute(
        f"delete from {DATASET}.activities where id in (from marked)"
    ).fetchall()
    connection.execute("drop table marked")
    return Purged(activity_count, sample_count)


def compact(playground: Playground) -> None:
    """Replace the warehouse by a copy that holds its rows and nothing else. The caller holds the warehouse.

    Killed before the replacement the old file is whole, after it the new one.
    """
    path, new = playground.warehouse, playground.root / ".strava.duckdb.new"
    new.unlink(missing_ok=True)

    def run() -> None:
        with duckdb.connect(config=OFFLINE) as connection:
            connection.execute(f"set temp_directory = '{quoted(playground.root / '.purge.tmp')}'")
            connection.execute(f"attach '{quoted(path)}' as old")
            connection.execute("force checkpoint old")  # so that nothing stands beside it in a .wal
            connection.execute(f"attach '{quoted(new)}' as new")
            connection.execute("copy from database old to new")
            connection.execute("detach new")
            connection.execute("detach old")

    patiently(run, path)
    if path.with_name(f"{path.name}.wal").exists():
        new.unlink()
        raise RunError(f"{path} is being written by another program: close that, then type `make purge`")
    files.replace(new, path)


def remove_working_files(playground: Playground) -> list[str]:
    """Remove every other file that may hold a row or what is left of one; returns what a person should know of.

    What dlt has not loaded yet must have been loaded.
    """
    told = {"the report (`make report` draws it anew)": playground.report}
    told["the history of the SQL prompt"] = playground.root / ".sql-history"
    removed = [name for name, path in told.items() if path.exists()]
    for path in told.values():
        path.unlink(missing_ok=True)
    # Its logs and compiled queries; the next transform parses the project anew, for some seconds.
    shutil.rmtree(playground.dbt_dir, ignore_errors=True)
    if playground.dlt_dir.exists():
        # At once: dlt would take a half of its folder for a whole.
        playground.dlt_dir.rename(playground.root / ".dlt.purged")
    for pattern in TEMPORARY:
        for path in playground.root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    files.sync(playground.root)
    return removed

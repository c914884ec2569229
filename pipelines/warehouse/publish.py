"""The published copy, written: the marts as a DuckDB file and as Parquet files, the samples; each replaced as a whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.errors import UserError
from pipelines.files import replace
from pipelines.playground import Playground
from pipelines.warehouse.file import connect
from pipelines.warehouse.published import published_macros, quoted
from pipelines.warehouse.samples import publish_samples

# The oldest format that DuckDB writes: 1.1 and all later versions open it.
STORAGE_VERSION = "v1.0.0"
# Readers in JavaScript refuse zstd, which would save a fifth here, but two fifths of the samples: these keep it.
COMPRESSION = "snappy"


def publish(playground: Playground, tell: Callable[[str], None] = lambda _: None) -> None:
    """Copy the schema `marts` with its comments to marts.duckdb and to marts/*.parquet, atomically.

    marts.duckdb gets the macros, too. The samples follow: they are no part of marts.duckdb.

    In the copy the tables stand in the schema `main`: the file's own name makes `marts.weekly_pace` valid there
    (a schema `marts` in a database `marts` would be ambiguous), and so is `weekly_pace` alone.

    A tool that holds the old file keeps it until it reconnects; a crash leaves the old copy whole. `tell` is called
    with what is being written, in words.
    """
    temporary = playground.root / ".marts.duckdb.new"
    folder = playground.root / ".marts.new"
    _clear(temporary, folder)
    try:
        folder.mkdir(mode=0o700)
        connect(playground.warehouse).close()  # waits for a tool that holds it, and names it
        with duckdb.connect() as connection:
            # DuckDB would put what does not fit into memory where the process happens to stand.
            connection.execute(f"set temp_directory = '{quoted(folder / 'spilled')}'; set TimeZone = 'UTC'")
            connection.execute(f"attach '{quoted(playground.warehouse)}' as warehouse (read_only)")
            names = _copy(connection, temporary, folder)
            _put_in_place(playground, temporary, folder, names)
            publish_samples(connection, playground.samples, folder, tell)
    finally:
        _clear(temporary, folder)  # half a copy must not keep a full disk full


def _clear(temporary: Path, folder: Path) -> None:
    for left_over in (temporary, temporary.with_name(temporary.name + ".wal")):
        left_over.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _copy(connection: duckdb.DuckDBPyConnection, target: Path, folder: Path) -> list[str]:
    connection.execute(f"attach '{quoted(target)}' as copy (storage_version '{STORAGE_VERSION}')")
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'warehouse' and schema_name = 'marts' order by table_name"
    ).fetchall()
    if not tables:
        raise UserError("there are no marts to publish yet: type `make transform`")
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'warehouse' and schema_name = 'marts' and comment is not null"
    ).fetchall()
    connection.begin()
    for name, comment in tables:
        connection.execute(f'create table copy.main."{name}" as from warehouse.marts."{name}"')
        if comment:
            connection.execute(
                f"comment on table copy.main.\"{name}\" is '{comment.replace(chr(39), chr(39) * 2)}'"
            )
        connection.execute(
            f"copy copy.main.\"{name}\" to '{quoted(folder / name)}.parquet' "
            f"(format parquet, compression {COMPRESSION})"
        )
    for table, column, comment in columns:
        text = comment.replace("'", "''")
        connection.execute(f'comment on column copy.main."{table}"."{column}" is \'{text}\'')
    connection.execute("use copy")  # DuckDB looks for a macro's tables when it makes the macro
    for macro in published_macros():
        connection.execute(macro)
    connection.commit()
    connection.execute("use memory; detach copy")
    return [name for name, _ in tables]


def _put_in_place(playground: Playground, temporary: Path, folder: Path, names: list[str]) -> None:
    # What a tool left beside the old file belongs to the old file.
    playground.marts.with_name(playground.marts.name + ".wal").unlink(missing_ok=True)
    replace(temporary, playground.marts)
    playground.marts_parquet.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        replace(folder / f"{name}.parquet", playground.marts_parquet / f"{name}.parquet")
    for stale in playground.marts_parquet.glob("*.parquet"):
        if stale.stem not in names:
            stale.unlink()

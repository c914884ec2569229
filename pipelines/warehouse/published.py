"""The published copy of the marts, read: by the DuckDB file, or by the Parquet files while a tool holds that."""

from pathlib import Path

import duckdb

from pipelines.errors import UserError
from pipelines.playground import Playground
from pipelines.warehouse.file import OFFLINE, explained, is_locked

PUBLISHED_MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "published_macros"


def published_macros() -> list[str]:
    """SQL that makes each macro of marts.duckdb, where its tables are."""
    return [path.read_text(encoding="utf-8") for path in sorted(PUBLISHED_MACROS.glob("*.sql"))]


def parquet_views(playground: Playground) -> str:
    """SQL that names the Parquet files as the tables of marts.duckdb, in a database of memory, and its macros."""
    statements = [
        # DuckDB would put what does not fit into memory where the process happens to stand.
        f"set temp_directory = '{quoted(playground.root / '.sql.tmp')}';",
        "attach ':memory:' as marts;",
        "use marts;",
        *(
            # A folder of the user's that is called `a=b` is no column.
            f"create view \"{path.stem}\" as from read_parquet('{quoted(path)}', hive_partitioning = false);"
            for path in sorted(playground.marts_parquet.glob("*.parquet"))
        ),
    ]
    with duckdb.connect() as trial:
        trial.execute("\n".join(statements))
        for macro in published_macros():
            try:
                trial.execute(macro)
            except (duckdb.CatalogException, duckdb.BinderException):
                continue  # files of an older version lack what it reads, and marts.duckdb has no such macro, either
            statements.append(f"{macro.rstrip()};")
    return "\n".join(statements)


def missing(playground: Playground) -> UserError:
    """Return the error of a Playground without published marts."""
    demo = playground.root / "demo"
    hint = f", or add PLAYGROUND={demo} to look at the demo" if (demo / "marts.duckdb").exists() else ""
    return UserError(
        f"{playground.marts} is missing: type `make import ARCHIVE=…` and `make transform`, or `make refresh`, first{hint}"
    )


def is_held(playground: Playground) -> bool:
    """Whether another program has marts.duckdb open for writing. Raises UserError when there is none to read."""
    if not playground.marts.exists():
        raise missing(playground)
    try:
        duckdb.connect(str(playground.marts), read_only=True, config=OFFLINE).close()
    except duckdb.Error as error:
        if is_locked(error):
            return True
        raise explained(error, playground.marts, "make transform") from None
    return False


def open_published(playground: Playground) -> duckdb.DuckDBPyConnection:
    """The marts, read-only, each by its name alone; by their Parquet files while a tool holds marts.duckdb."""
    if is_held(playground):
        connection = duckdb.connect()
        connection.execute(parquet_views(playground))
    else:
        connection = duckdb.connect(str(playground.marts), read_only=True, config=OFFLINE)
    connection.execute("set TimeZone = 'UTC'; set autoinstall_known_extensions = false")
    return connection


def quoted(path: Path) -> str:
    """Return the absolute path as the inside of a SQL text."""
    return str(path.absolute()).replace("'", "''")

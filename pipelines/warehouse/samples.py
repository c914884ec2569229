"""The published samples: one Parquet file for each year, beside the marts; written by `publish()`, read by `make sql`."""

import glob
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines.files import replace, sync
from pipelines.playground import Playground
from pipelines.warehouse.published import quoted

FILE = "samples.parquet"
# In a file's own metadata: no second file can say anything else than what the first one holds.
MADE_FROM = "made_from"
# As Hive, and whoever reads its folders, names the partition of null.
NO_YEAR = "__HIVE_DEFAULT_PARTITION__"
# A year is sorted; what does not fit goes to the disk.
MEMORY_LIMIT = "1GB"
# Name, type, and what it is in int_clean_samples. Without the index samples without a time would have no order.
COLUMNS = (
    ("athlete_id", "bigint", "athlete_id"),
    ("activity_id", "bigint", "activity_id"),
    ("sample_index", "integer", "sample_index"),
    ("time_s", "bigint", "time_s"),
    ("distance_m", "double", "if(has_distance, distance_mm / 1000, null)"),
    ("lat", "double", "latitude_deg"),
    ("lng", "double", "longitude_deg"),
    ("altitude_m", "double", "altitude_m"),
    ("speed_m_per_s", "double", "speed_m_per_s"),
    ("heartrate_bpm", "integer", "heartrate_bpm"),
    ("cadence_rpm", "double", "cadence_rpm"),
    ("power_w", "integer", "power_w"),
    ("temperature_c", "integer", "temperature_c"),
    ("gradient_pct", "double", "gradient_pct"),
    ("is_moving", "boolean", "is_moving"),
)
SELECTED = ", ".join(f"({expression})::{kind} as {name}" for name, kind, expression in COLUMNS)

# A row per year: what its file is made from. The activities alone are asked, never their samples.
YEARS = """
    select
        year(started_at_local) as year,
        md5(concat_ws(
            '|', $written_as, (
                select version from warehouse.intermediate.formulas_versions where model_name = 'int_clean_samples'
            ),
            string_agg(
                concat_ws(' ', athlete_id, activity_id, fingerprint), '|' order by started_at, athlete_id, activity_id
            )
        )) as made_from
    from warehouse.marts.activities
    inner join warehouse.intermediate.int_stream_aggregates using (athlete_id, activity_id)
    group by all
    order by all
"""
SAMPLES = f"""
    select {SELECTED}
    from warehouse.intermediate.int_clean_samples
    inner join (
        select athlete_id, activity_id, started_at
        from warehouse.marts.activities
        where year(started_at_local) is not distinct from $year
    ) using (athlete_id, activity_id)
    order by started_at, athlete_id, activity_id, sample_index
"""


def publish_samples(
    connection: duckdb.DuckDBPyConnection,
    samples: Path,
    temporary: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Bring the folder `samples` up to date: its year=…/ are laid out as Hive's.

    Only years whose activities or formulas have changed are written, each replaced as a whole; a year without
    samples loses its folder. Killed at any instant it leaves each year as it was or as it is to be, and the next run
    goes on.

    Args:
        connection: Has the warehouse attached as `warehouse`.
        samples: Is made if there are any.
        temporary: An empty place in the same file system, which the caller removes.
        tell: Called with what is being written, in words.
    """
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    written_as = hashlib.md5(SAMPLES.encode(), usedforsecurity=False).hexdigest()
    years = connection.execute(YEARS, {"written_as": written_as}).fetchall()
    _keep_only(samples, {samples / _folder(year) for year, _ in years})
    for year, made_from in years:
        path = samples / _folder(year) / FILE
        if _made_from(connection, path) != made_from:
            tell(f"publishing the samples of {year or 'no year'}")
            _write(connection, year, made_from, temporary / FILE)
            _put(temporary / FILE, path)


def _folder(year: int | None) -> str:
    return f"year={NO_YEAR if year is None else year}"


def _keep_only(samples: Path, years: set[Path]) -> None:
    """Remove whatever else a reader of all files below the folder would take for samples."""
    for folder in (samples, *years):
        for path in folder.iterdir() if folder.is_dir() else ():
            is_ours = path in years or (folder in years and path.name == FILE)
            if is_ours and not path.is_symlink():
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            sync(folder)


def _made_from(connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    """What a file says that it was made from; `None` also of one that is damaged."""
    if not path.exists():
        return None
    try:
        found = connection.execute(
            "select decode(value) from parquet_kv_metadata($path) where decode(key) = $key",
            {"path": str(path.absolute()), "key": MADE_FROM},
        ).fetchone()
    except duckdb.Error:
        return None
    return str(found[0]) if found else None


def _write(connection: duckdb.DuckDBPyConnection, year: int | None, made_from: str, target: Path) -> None:
    query = SAMPLES.replace("$year", "null" if year is None else str(year))
    connection.execute(
        f"copy ({query}) to '{quoted(target)}' "
        f"(format parquet, compression zstd, kv_metadata {{{MADE_FROM}: '{made_from}'}})"
    )


def _put(new: Path, path: Path) -> None:
    folders = (path.parent.parent, path.parent)
    for folder in folders:
        folder.mkdir(mode=0o700, exist_ok=True)
    replace(new, path)
    for folder in folders:
        sync(folder)


def samples_view(playground: Playground) -> str:
    """SQL that names the published samples `samples`, whatever database is open; without any they are no rows."""
    names = ", ".join(name for name, _, _ in COLUMNS)
    if not any(playground.samples.glob(f"year=*/{FILE}")):
        nulls = ", ".join(f"null::{kind} as {name}" for name, kind, _ in COLUMNS)
        return f"create temp view samples as select {nulls}, null::bigint as year where false;"
    # The columns by their names: a folder further up may be called like a partition, too.
    files = f"{glob.escape(quoted(playground.samples))}/year=*/{FILE}"
    return (
        f"create temp view samples as select {names}, year from read_parquet('{files}', "
        "union_by_name = true, hive_partitioning = true, hive_types = {year: bigint});"
    )


def add_samples(connection: duckdb.DuckDBPyConnection, playground: Playground) -> str | None:
    """Add the view `samples` to an open copy of the marts; returns what is wrong with it, and the remedy."""
    anew = f"type `{playground.to_type('make transform')}` to write them anew"
    try:
        connection.execute(samples_view(playground))
        found = connection.execute(
            "select exists (from activities where has_streams) and not exists (from samples)"
        ).fetchone()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        return f"the samples in {playground.samples} cannot be read ({reason}): {anew}"
    return f"there are no samples in {playground.samples}: {anew}" if found and found[0] else None

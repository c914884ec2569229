"""What the published marts were built from, and whether a transform would give the same again."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.files import read_private, write_private
from pipelines.playground import Playground
from pipelines.tables import DATASET, STREAMS, TABLES
from pipelines.warehouse.file import connect
from pipelines.warehouse.published import quoted

# Of a table: that its rows are the same, in whatever order.
ROWS = "select bit_xor(hash(t))::varchar, count(*)::varchar from ({}) t"
# As int_stream_changes: the samples of an activity are those of its fetch, and as many as they were.
SAMPLES = f"select activity_id, count(*) as sample_count from {DATASET}.{STREAMS.name} group by activity_id"
# The day that the marts end with; a view of the models, so that it tells that of now.
TODAY = "select athlete_id, today from intermediate.int_athletes"


@dataclass(frozen=True)
class Built:
    """A record beside the published marts; `made_from` is a hash, `settings` those that the models read."""

    made_from: str
    settings: Mapping[str, Any]
    # Size and time of each published file: what was replaced, restored or removed since is not what was built.
    files: Mapping[str, list[int]]


def read_built(playground: Playground) -> Built | None:
    """Return the record; none before the first build, after a purge, or when the published files are others."""
    try:
        built = Built(**json.loads(read_private(playground.built)))
    except (OSError, ValueError, TypeError):
        return None
    return built if built.files == _files(playground) else None


def changed_settings(built: Built | None, settings: Mapping[str, Any]) -> list[str]:
    """Return the settings, as config.toml names them, that are others now than the marts were built with."""
    if built is None:
        return []
    names = {"week_start": "marts.week_start", "athlete_history": "athlete.history"}
    changed = [
        name for name in built.settings.keys() | settings if built.settings.get(name) != settings.get(name)
    ]
    return sorted(names.get(name, f"athlete.{name}") for name in changed)


def write_built(playground: Playground, made_from: str, settings: Mapping[str, Any]) -> None:
    """Record what the files that were just published are made from."""
    write_private(playground.built, json.dumps(asdict(Built(made_from, settings, _files(playground)))))


def made_from(playground: Playground, settings: Mapping[str, Any], texts: Iterable[Path]) -> str | None:
    """Return a hash of all that decides what the marts hold, none before the first build. The caller holds the warehouse.

    Args:
        playground: Whose warehouse it is.
        settings: What the models read of config.toml.
        texts: The files of the models.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(duckdb.__version__.encode())
    # What publishes decides on the files, too.
    for path in sorted([*texts, *Path(__file__).parent.glob("*.py")]):
        digest.update(f"\n{path.name}\n".encode() + read_private(path))
    try:
        with connect(playground.warehouse) as connection:
            spilled = quoted(playground.root / ".sql.tmp")
            connection.execute(f"set temp_directory = '{spilled}'; set TimeZone = 'UTC'")
            for name, rows in (*_raw_rows(), ("today", TODAY)):
                digest.update(f"\n{name} {connection.execute(ROWS.format(rows)).fetchall()}".encode())
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    return digest.hexdigest()


def _raw_rows() -> Iterator[tuple[str, str]]:
    """Each raw table that models read, and a query of what they see change in it."""
    for table in TABLES.values():
        if table.is_read_by_models:
            yield table.name, SAMPLES if table is STREAMS else f"from {DATASET}.{table.name}"


def _files(playground: Playground) -> dict[str, list[int]]:
    paths = [path for path in (playground.marts,) if path.exists()] + sorted(
        playground.marts_parquet.rglob("*.parquet")
    )
    found = {str(path.relative_to(playground.root)): path.stat() for path in paths}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in found.items()}

"""tables.py says each raw table once: what dbt reads and what stands in the warehouse agrees with it."""

from pathlib import Path

import pytest
import yaml

from pipelines.kinds import arrow_type
from pipelines.tables import TABLES
from tests.harness import ROOT, rows

SOURCES = next((ROOT / "dbt_project").rglob("_staging__sources.yml"))
DUCKDB_TYPES = {
    "int64": {"BIGINT"},
    "int32": {"INTEGER", "BIGINT"},
    "double": {"DOUBLE"},
    "text": {"VARCHAR", "JSON"},
    "bool": {"BOOLEAN"},
    "instant": {"TIMESTAMP WITH TIME ZONE"},
    "wall_clock": {"TIMESTAMP"},
}


def test_dbt_reads_the_tables_that_are_said_to_be_read_by_models() -> None:
    (source,) = yaml.safe_load(SOURCES.read_text())["sources"]
    assert {table["name"] for table in source["tables"]} == {
        table.name for table in TABLES.values() if table.is_read_by_models
    }


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_warehouse_has_the_columns_and_types(refreshed: Path, name: str) -> None:
    found = dict(
        rows(
            refreshed,
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = 'strava_raw' and table_name = '{name}'",
        )
    )
    wrong = {
        column: found.get(column)
        for column, kind in TABLES[name].columns.items()
        if found.get(column) not in DUCKDB_TYPES[kind]
    }
    assert wrong == {}


def test_a_key_is_a_column_and_never_null() -> None:
    for table in TABLES.values():
        assert table.key is None or not table.schema().field(table.key).nullable
        assert [table.schema().field(name).type for name in table.columns] == [
            arrow_type(kind) for kind in table.columns.values()
        ]

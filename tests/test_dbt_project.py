"""The dbt project by itself: its unit tests, its graph, two athletes in one warehouse, tables of an older version."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import ROOT, assert_same_rows, away_from_day_end

PROJECT = ROOT / "dbt_project"
OLD_COMMIT = "e374652"  # the last one without athlete_id
OTHER_ATHLETE = 777
# A build is quick with half a year.
RECENT = (
    "delete from strava_raw.activities where start_date < (select max(start_date) - interval 180 day "
    "from strava_raw.activities)"
)
Rows = list[tuple[Any, ...]]


def dbt(warehouse: Path, *arguments: str, project: Path = PROJECT, target: Path | None = None) -> str:
    """Run dbt on a warehouse; returns what it prints. It must succeed."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", *arguments),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(target or warehouse.with_suffix(".target"))),
            *("--log-path", str(warehouse.with_suffix(".logs"))),
        ],
        env={**os.environ, "STRAVA_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(warehouse: Path, project: Path = PROJECT) -> None:
    dbt(warehouse, "build", "--no-write-json", "--exclude-resource-type", "unit_test", project=project)


def raw_copy(source: Path, target: Path, *statements: str) -> Path:
    """A warehouse with the raw tables of another one, changed by SQL."""
    with duckdb.connect(str(target)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{source / 'strava.duckdb'}' as source (read_only)")
        connection.execute("create schema strava_raw")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'source' and schema_name = 'strava_raw'"
        ).fetchall():
            connection.execute(f"create table strava_raw.{name} as from source.strava_raw.{name}")
        for statement in statements:
            connection.execute(statement)
    return target


def marts(warehouse: Path, athlete_id: int | None = None) -> dict[str, Rows]:
    """Rows of every mart, or of one athlete in every mart."""
    where = "" if athlete_id is None else f"where athlete_id = {athlete_id}"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
        return {
            name: connection.execute(f"from marts.{name} {where} order by all").fetchall()
            for (name,) in names
        }


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt makes of the project's text."""
    folder = tmp_path_factory.mktemp("manifest")
    dbt(folder / "none.duckdb", "parse", target=folder)
    parsed: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return parsed


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def test_unit_tests_of_every_model_pass(refreshed: Path, tmp_path: Path) -> None:
    tables = ("activities", "streams", "stream_fetches", "athlete", "athlete_zones", "gear")
    empty = raw_copy(
        refreshed, tmp_path / "empty.duckdb", *(f"delete from strava_raw.{name}" for name in tables)
    )
    dbt(empty, "build", "--exclude-resource-type", "test")
    results = json.loads((tmp_path / "empty.target" / "run_results.json").read_text())["results"]
    passed = [r for r in results if r["unique_id"].startswith("unit_test.") and r["status"] == "pass"]
    assert len(passed) >= 30


def test_models_by_activity_are_built_after_what_they_compare_with(manifest: dict[str, Any]) -> None:
    by_activity = {
        name: node
        for name, node in models(manifest).items()
        if node["config"]["materialized"] == "by_activity"
    }
    compared_with = models(manifest)["int_stream_changes"]["unique_id"]
    assert len(by_activity) == 15
    for name, node in by_activity.items():
        assert compared_with in node["depends_on"]["nodes"], name
    # The fingerprints in this one say that all of them are done.
    nodes = {node["unique_id"]: node for node in models(manifest).values()}
    before = [by_activity["int_stream_aggregates"]["unique_id"]]
    for unique_id in before:  # grows while it is walked
        parents = nodes[unique_id]["depends_on"]["nodes"]
        before += [parent for parent in parents if parent in nodes and parent not in before]
    assert {node["unique_id"] for node in by_activity.values()} <= set(before)


def test_every_model_is_described_beside_it(manifest: dict[str, Any]) -> None:
    for name, node in models(manifest).items():
        assert node["patch_path"].endswith(node["original_file_path"].replace(".sql", ".yml")), name
        assert node["description"].startswith("One row per "), name


def test_the_athlete_is_first_in_every_mart_and_its_key(manifest: dict[str, Any]) -> None:
    keys = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["columns"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "is_key"
    }
    for name, node in models(manifest).items():
        columns = list(node["columns"].values())
        if not name.startswith("stg_"):
            assert columns[0]["name"] == "athlete_id", name
        if node["schema"] == "marts":
            assert node["contract"]["enforced"], name
            assert columns[0]["data_type"] == "bigint", name
            assert keys[node["unique_id"]][0] == "athlete_id", name


def test_every_mart_with_doubles_is_looked_through_for_infinity(manifest: dict[str, Any]) -> None:
    [test] = [n for n in manifest["nodes"].values() if n["name"] == "no_value_is_infinite_or_not_a_number"]
    for name, node in models(manifest).items():
        if node["schema"] == "marts" and "double" in {c["data_type"] for c in node["columns"].values()}:
            assert node["unique_id"] in test["depends_on"]["nodes"], name


def test_each_of_two_athletes_gets_what_he_would_get_alone(refreshed: Path, tmp_path: Path) -> None:
    away_from_day_end(120)
    # Every other activity is another athlete's, whose history begins later and ends on a clock ahead of UTC.
    split = (
        RECENT,
        f"update strava_raw.activities set athlete__id = {OTHER_ATHLETE} where id % 2 = 0",
        f"delete from strava_raw.activities where athlete__id = {OTHER_ATHLETE} and start_date_local < "
        "(select min(start_date_local) + interval 40 day from strava_raw.activities)",
        "update strava_raw.activities set start_date_local = current_date + interval 2 day where id = "
        f"(select max(id) from strava_raw.activities where athlete__id = {OTHER_ATHLETE})",
        "insert into strava_raw.athlete by name "
        f"(select * replace ({OTHER_ATHLETE} as id, 'M' as sex, 260 as ftp) from strava_raw.athlete)",
    )
    both = raw_copy(refreshed, tmp_path / "both.duckdb", *split)
    build(both)
    with duckdb.connect(str(both), read_only=True) as connection:
        athletes = [
            athlete_id for (athlete_id,) in connection.execute("select id from strava_raw.athlete").fetchall()
        ]
        last_days = connection.execute(
            "select count(distinct today) from intermediate.int_athletes"
        ).fetchall()
    assert len(athletes) == 2
    assert last_days == [(2,)]
    for athlete_id in athletes:
        alone = raw_copy(
            refreshed,
            tmp_path / f"alone{athlete_id}.duckdb",
            *split,
            f"delete from strava_raw.activities where athlete__id <> {athlete_id}",
            f"delete from strava_raw.athlete where id <> {athlete_id}",
        )
        build(alone)
        found = marts(both, athlete_id)
        for name, expected in marts(alone).items():
            assert expected, name
            assert_same_rows(found[name], expected, name)


def test_tables_of_a_version_without_athletes_are_made_anew(refreshed: Path, tmp_path: Path) -> None:
    away_from_day_end(120)
    archive = subprocess.run(
        ["git", "archive", OLD_COMMIT, "dbt_project"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"commit {OLD_COMMIT} is not here (no clone with its whole history)")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as old:
        old.extractall(tmp_path / "old", filter="data")
    upgraded = raw_copy(refreshed, tmp_path / "upgraded.duckdb", RECENT)
    build(upgraded, tmp_path / "old" / "dbt_project")
    assert len(marts(upgraded)) == 13
    build(upgraded)
    fresh = raw_copy(refreshed, tmp_path / "fresh.duckdb", RECENT)
    build(fresh)
    found = marts(upgraded)
    for name, expected in marts(fresh).items():
        assert_same_rows(found[name], expected, name)

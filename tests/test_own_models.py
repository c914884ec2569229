"""Models of the user's own: built, published, forgotten; what they may be called and what they may read."""

from pathlib import Path

import duckdb
import pytest

from pipelines.commands._own_models import check_names, own_models
from pipelines.errors import UserError
from pipelines.playground import Playground
from tests.harness import last_line, rows, run

WEEKS = "select week_start_date, sum(distance_m) / 1000 as km from {{ ref('weekly_volume') }} group by week_start_date\n"
# Where it says that it lies is not where it lies.
BEST = "{{ config(schema='strava_raw') }} select max(km) as km from {{ ref('my_weeks') }}\n"
SAMPLES = "select count(*) as sample_count from read_parquet('{folder}/marts/samples/**/*.parquet', hive_partitioning = true)\n"
TESTS = """
models:
  - name: my_weeks
    columns:
      - name: km
        data_tests: [not_null]
"""


def make_models(playground: Path, **models: str) -> None:
    (playground / "models").mkdir(exist_ok=True)
    for name, sql in models.items():
        (playground / "models" / f"{name}.sql").write_text(sql)


def tables(playground: Path, database: str = "marts.duckdb") -> set[str]:
    return {name for (name,) in rows(playground, "select table_name from duckdb_tables()", database)}


def parquet(playground: Path) -> set[str]:
    return {path.stem for path in (playground / "marts").glob("*.parquet")}


@pytest.mark.long
def test_they_are_published_beside_the_marts_and_gone_with_their_files(copied: Path) -> None:
    before = tables(copied)
    make_models(copied, my_weeks=WEEKS, my_best=BEST, my_samples=SAMPLES.format(folder=copied))
    (copied / "models" / "models.yml").write_text(TESTS)
    with duckdb.connect(str(copied / "strava.duckdb")) as warehouse:
        # Of a version that had other models.
        warehouse.execute(
            "create table marts.of_old as select 1; create view intermediate.int_of_old as select 1"
        )
    run("transform", copied)
    assert tables(copied) - before == {"my_weeks", "my_best", "my_samples"} == parquet(copied) - before
    # By the answers of the API as they were loaded.
    [(expected,)] = rows(
        copied,
        "select max(km) from (select sum(distance) / 1000 as km from strava_raw.activities where deleted_at is null "
        "group by date_trunc('week', start_date_local))",
    )
    assert rows(copied, "from my_best", "marts.duckdb") == [(pytest.approx(expected),)]
    [(sample_count,)] = duckdb.sql(f"select count(*) from '{copied}/marts/samples/**/*.parquet'").fetchall()
    assert rows(copied, "from my_samples", "marts.duckdb") == [(sample_count,)]
    relations = "select table_name from information_schema.tables where table_name like '%of_old'"
    assert rows(copied, relations) == []
    listed = run("dbt", copied, ARGS="ls --quiet --resource-type model --select package:own").stdout
    assert listed.split() == ["own.my_best", "own.my_samples", "own.my_weeks"]
    assert "Nothing has changed" in run("transform", copied).stdout

    # A test that fails, and a model that reads what is not for it: the published marts stay.
    (copied / "models" / "models.yml").write_text(TESTS.replace("not_null", "unique"))
    make_models(
        copied,
        my_weeks="select 1 as km union all select 1",
        my_tokens="select * from read_text('{}')".format(copied / "tokens.json"),
    )
    failed = run("transform", copied, expect=1)
    said = failed.stdout + failed.stderr
    assert f"unique_my_weeks_km ({copied}/models/models.yml)" in said
    assert f"my_tokens ({copied}/models/my_tokens.sql)" in said
    assert "Permission Error: Cannot access file" in said
    assert "the published marts are as before" in last_line(failed)
    assert rows(copied, "from my_best", "marts.duckdb") == [(pytest.approx(expected),)]
    assert "my_tokens" not in tables(copied)

    for path in (copied / "models").iterdir():
        path.unlink()
    run("transform", copied)
    assert tables(copied) == before == parquet(copied)
    assert rows(copied, "select table_name from information_schema.tables where table_name like 'my_%'") == []


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_built(copied: Path) -> None:
    make_models(copied, weekly_pace="select 1 as one")
    built = (copied / "strava.duckdb").stat().st_mtime_ns
    done = run("transform", copied, expect=2)
    assert f"{copied}/models/weekly_pace.sql has the name of a table of strava-marts: rename it" in last_line(
        done
    )
    assert (copied / "strava.duckdb").stat().st_mtime_ns == built


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["my weeks.sql"], "letters, digits and _"),
        (["2025.sql"], "letters, digits and _"),
        (["Samples.sql"], "rename it, such as my_samples.sql"),
        (["INT_routes.sql"], "rename it, such as my_int_routes.sql"),
        (["a/x.sql", "b/X.sql"], "would be one table: rename one of them"),
    ],
)
def test_names_that_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_names([Path(name) for name in names], {"int_routes"})


def test_which_files_are_models(tmp_path: Path) -> None:
    playground = Playground(tmp_path / "p")
    assert own_models(playground) == []
    models = playground.models
    (models / ".git").mkdir(parents=True)
    (models / "more").mkdir()
    for name in ("a.sql", "more/b.sql", "c.yml", "d.py", "e.md", ".f.sql", ".git/g.sql", "h.sql~"):
        (models / name).write_text("")
    assert own_models(playground) == [models / "a.sql", models / "c.yml", models / "more" / "b.sql"]
    check_names([models / "a.sql", models / "c.yml"], {"c"})


def test_a_folder_that_others_could_write_or_a_link_is_refused(tmp_path: Path) -> None:
    playground = Playground(tmp_path)
    playground.models.mkdir()
    playground.models.chmod(0o777)
    with pytest.raises(UserError, match="chmod go-w"):
        own_models(playground)
    playground.models.chmod(0o700)
    playground.models.rename(tmp_path / "elsewhere")
    playground.models.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link"):
        own_models(playground)

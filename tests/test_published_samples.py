"""The published samples: those of the warehouse, written again year by year, private, asked by `make sql`."""

import contextlib
import datetime as dt
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset
import pytest

from pipelines.playground import Playground
from pipelines.warehouse import publish as publishing
from pipelines.warehouse import samples
from tests import made_marts
from tests.harness import PLENTY, ROOT, held_open, last_line, make_playground, rows, run
from tests.simulated_strava import SimulatedStrava, history

COLUMNS = (
    "athlete_id",
    "activity_id",
    "sample_index",
    "time_s",
    "distance_m",
    "lat",
    "lng",
    "altitude_m",
    "speed_m_per_s",
    "heartrate_bpm",
    "cadence_rpm",
    "power_w",
    "temperature_c",
    "gradient_pct",
    "is_moving",
)
# In the order of the files: by year, start and index.
TRUTH = """
    select
        athlete_id, activity_id, sample_index, time_s, case when has_distance then distance_mm / 1000 end, latitude_deg,
        longitude_deg, altitude_m, speed_m_per_s, heartrate_bpm, cadence_rpm, power_w, temperature_c, gradient_pct,
        is_moving, extract(year from started_at_local) as year
    from intermediate.int_clean_samples
    join (select athlete_id, activity_id, started_at, started_at_local from marts.activities) using (athlete_id, activity_id)
    order by year, started_at, activity_id, sample_index
"""
# Three samples of each activity, in no order.
MADE = """
    create table intermediate.int_clean_samples as
    select
        1::bigint as athlete_id, activity_id, i::integer as sample_index, 2 * i as time_s, 5000.0 * i as distance_mm,
        true as has_distance, 54.5 as latitude_deg, activity_id + i / 10 as longitude_deg, 12.0 as altitude_m,
        2.5 as speed_m_per_s, 140 as heartrate_bpm, 85.5 as cadence_rpm, 200 as power_w, 18 as temperature_c,
        1.5 as gradient_pct, true as is_moving
    from marts.activities, range(2, -1, -1) as indices (i)
    order by activity_id % 3, i;
    insert into intermediate.int_stream_aggregates
    select athlete_id, activity_id, 'as it was' from marts.activities;
    insert into intermediate.formulas_versions values ('int_clean_samples', 'as it was'), ('splits', 'as it was');
"""
# Number 4 begins at a new year's midnight that has not yet come in UTC.
STARTS = {
    1: ("2024-03-01 09:00:00+00", "2024-03-01 10:00:00"),
    2: ("2024-04-01 09:00:00+00", "2024-04-01 10:00:00"),
    3: ("2024-05-01 09:00:00+00", "2024-05-01 10:00:00"),
    4: ("2024-12-31 23:05:00+00", "2025-01-01 00:05:00"),
    5: ("2025-05-01 09:00:00+00", "2025-05-01 10:00:00"),
    6: ("2025-06-01 09:00:00+00", "2025-06-01 10:00:00"),
    7: ("2025-07-01 09:00:00+00", "2025-07-01 10:00:00"),
    8: ("2025-08-01 09:00:00+00", "2025-08-01 10:00:00"),
}
Rows = list[tuple[Any, ...]]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A Playground whose samples are published from a few rows."""
    activities: list[dict[str, Any]] = [
        {"activity_id": id_, "started_at": at, "started_at_local": local}
        for id_, (at, local) in STARTS.items()
    ]
    playground = made_marts.made(tmp_path / "made", activities, [{}])
    change(playground, MADE)
    return playground


def published(playground: Path) -> Rows:
    """As any other tool reads them, in the order of the files."""
    files = f"{playground}/marts/samples/**/*.parquet"
    return duckdb.sql(f"from read_parquet('{files}', hive_partitioning = true)").fetchall()


def by_year(samples_: Rows) -> dict[int | None, Rows]:
    years: dict[int | None, Rows] = {}
    for row in samples_:
        years.setdefault(row[-1], []).append(row)
    return years


def publish(playground: Path) -> None:
    publishing.publish(Playground(playground))


def change(playground: Path, *statements: str) -> None:
    """Do to the warehouse what a transform might have done, and publish."""
    with duckdb.connect(str(playground / "strava.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for statement in statements:
            connection.execute(statement)
    publish(playground)


def files(playground: Path) -> dict[str, tuple[int, int]]:
    """Year by year which file it is, and of when."""
    found = (playground / "marts" / "samples").glob("*/*")
    return {path.parent.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def activities_of(samples_: Rows) -> list[int]:
    """Ids in the order in which they come."""
    return list(dict.fromkeys(row[1] for row in samples_))


# ---- what they are


def test_the_files_hold_the_clean_samples_in_their_order(refreshed: Path) -> None:
    with duckdb.connect(str(refreshed / "strava.duckdb"), read_only=True) as connection:
        connection.execute(f"create temp table truth as select row_number() over () as n, * from ({TRUTH})")
        files_ = f"{refreshed}/marts/samples/**/*.parquet"
        connection.execute(
            "create temp table found as select row_number() over () as n, * "
            f"from read_parquet('{files_}', hive_partitioning = true)"
        )
        [(count,)] = connection.execute("select count(*) from truth").fetchall()
        assert count > 100_000
        assert connection.execute("select count(*) from found").fetchall() == [(count,)]
        for one, other in (("truth", "found"), ("found", "truth")):
            assert connection.execute(f"from {one} except all from {other} limit 3").fetchall() == []
        years = connection.execute("select distinct 'year=' || year from truth").fetchall()
    assert len(years) > 1
    assert files(refreshed).keys() == {year for (year,) in years}


def test_other_tools_see_the_same_table(refreshed: Path) -> None:
    folder = refreshed / "marts" / "samples"
    dataset = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive")
    assert dataset.schema.names == [*COLUMNS, "year"]
    types = [str(dataset.schema.field(name).type) for name in ("activity_id", "lat", "is_moving")]
    assert types == ["int64", "double", "bool"]
    assert (
        dataset.count_rows() == rows(refreshed, "select count(*) from intermediate.int_clean_samples")[0][0]
    )
    codecs = f"select distinct compression from parquet_metadata('{folder}/*/*.parquet')"
    assert duckdb.sql(codecs).fetchall() == [("ZSTD",)]


def test_a_sample_without_a_distance_of_its_own_has_none(made: Path) -> None:
    change(
        made,
        "update intermediate.int_clean_samples set has_distance = false where activity_id = 8 and sample_index = 1",
        "update intermediate.int_stream_aggregates set fingerprint = 'new' where activity_id = 8",
    )
    assert [row[2:5] for row in published(made)[-3:]] == [(0, 0, 0), (1, 2, None), (2, 4, 10)]


# ---- when they are written


def test_with_nothing_new_no_file_is_written(made: Path) -> None:
    assert published(made) == rows(made, TRUTH)
    before = files(made)
    publish(made)
    assert files(made) == before
    assert before.keys() == {"year=2024", "year=2025"}


@pytest.mark.parametrize(
    ("statement", "activities"),
    [
        (
            "update intermediate.int_stream_aggregates set fingerprint = 'new' where activity_id = 6",
            [4, 5, 6, 7, 8],
        ),
        ("delete from marts.activities where activity_id = 6", [4, 5, 7, 8]),
        (
            "delete from intermediate.int_stream_aggregates where activity_id = 6; "
            "delete from intermediate.int_clean_samples where activity_id = 6",
            [4, 5, 7, 8],
        ),
        (
            "update marts.activities set started_at = '2025-09-01 08:00:00+00' where activity_id = 6",
            [4, 5, 7, 8, 6],
        ),
    ],
    ids=["changed", "deleted", "its samples gone", "its place in the year"],
)
def test_only_the_year_of_a_change_is_written(made: Path, statement: str, activities: list[int]) -> None:
    before = files(made)
    change(made, statement)
    after = files(made)
    assert after["year=2024"] == before["year=2024"]
    assert after["year=2025"] != before["year=2025"]
    assert activities_of(by_year(published(made))[2025]) == activities


def test_the_local_year_counts_and_an_empty_one_has_no_folder(made: Path) -> None:
    assert activities_of(by_year(published(made))[2025]) == [4, 5, 6, 7, 8]
    move = "update marts.activities set started_at_local = {} where activity_id < 4"
    change(made, move.format("'2023-12-31 23:30:00'"))
    assert files(made).keys() == {"year=2023", "year=2025"}
    change(made, move.format("null"))
    assert files(made).keys() == {"year=__HIVE_DEFAULT_PARTITION__", "year=2025"}
    assert activities_of(by_year(published(made))[None]) == [1, 2, 3]
    out = run("sql", made, Q="select count(*) as n from samples where year is null", FORMAT="csv").stdout
    assert out == "n\n9\n"


@pytest.mark.parametrize("is_ours", [False, True], ids=["the model's formulas", "the query that publishes"])
def test_other_formulas_write_every_year(made: Path, is_ours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(made)
    if is_ours:
        monkeypatch.setattr(samples, "SAMPLES", samples.SAMPLES + " ")
    change(
        made,
        f"update intermediate.formulas_versions set version = 'new' where (model_name = 'splits') = {is_ours}",
    )
    after = files(made)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)


def test_a_deletion_and_a_crop_reach_the_files_at_the_next_transform(tmp_path: Path) -> None:
    past = [a for a in history(seed=8, years=1, end=dt.date(2026, 5, 1)) if a.summary["start_latlng"]][-3:]
    kept, cropped, gone = (a.id for a in past)
    with SimulatedStrava(past, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)
        before = published(playground)
        assert before == rows(playground, TRUTH)
        assert activities_of(before) == [kept, cropped, gone]
        strava.delete(gone)
        strava.crop(cropped, 0.5)
        run("extract", playground, FULL="1")
        run("transform", playground)
        after = published(playground)
        assert after == rows(playground, TRUTH)
        assert activities_of(after) == [kept, cropped]
        count = [len([row for row in found if row[1] == cropped]) for found in (before, after)]
        assert count[1] < 0.6 * count[0]


def test_what_is_damaged_or_does_not_belong_there_is_mended(made: Path) -> None:
    expected, folder = published(made), made / "marts" / "samples"
    mine = folder / "year=2025" / "samples.parquet"
    shutil.copy(mine, mine.with_name("samples copy.parquet"))
    shutil.copytree(mine.parent, folder / "year=1900")
    shutil.copytree(mine.parent, mine.parent / "again")
    shutil.copytree(mine.parent, mine.parent / "year=2025")
    shutil.copy(mine, folder / "samples.parquet")
    (folder / "year=1901").symlink_to(mine.parent)
    elsewhere = (folder / "year=2024").rename(made.parent / "elsewhere")
    (folder / "year=2024").symlink_to(elsewhere)
    before = {path.name: path.stat().st_ino for path in elsewhere.iterdir()}
    mine.write_bytes(mine.read_bytes()[:-100])
    assert run("sql", made, Q="select count(*) from activities").stdout, "the marts do without"
    done = run("sql", made, Q="select count(*) from samples", expect=2)
    assert f"the samples in {folder} cannot be read" in last_line(done)
    assert f"type `make transform PLAYGROUND={made}`" in last_line(done)
    assert "The marts, read-only: activities, athlete_settings\n" in prompt(made, "")
    publish(made)
    assert published(made) == expected
    assert not (folder / "year=2024").is_symlink()
    assert {path.name: path.stat().st_ino for path in elsewhere.iterdir()} == before, "no link is followed"


def test_samples_that_are_gone_are_no_empty_answer(made: Path) -> None:
    with duckdb.connect(str(made / "marts.duckdb")) as marts:
        marts.execute("update activities set has_streams = true")
    shutil.rmtree(made / "marts" / "samples")
    assert run("sql", made, Q="select count(*) from activities").stdout
    done = run("sql", made, Q="select count(*) from Samples", expect=2)
    assert last_line(done).endswith(
        f"there are no samples in {made}/marts/samples: type `make transform PLAYGROUND={made}` to write them anew"
    )


# Kills itself at the STEP-th thing that it does to a file.
KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.playground import Playground
from pipelines.warehouse import publish as publishing
left, published = int(sys.argv[2]), publishing.publish_samples
def step(event, arguments):
    global left
    is_write = event == "open" and isinstance(arguments[0], str) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if counting and (is_write or event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "open")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
counting = False
def count(*arguments):
    global counting
    counting = True
    published(*arguments)
publishing.publish_samples = count
sys.addaudithook(step)
publishing.publish(Playground(Path(sys.argv[1])))
"""


def test_killed_at_any_step_each_year_is_the_old_or_the_new_one(made: Path) -> None:
    # A year that stays, one that changes, one that vanishes, one that comes.
    move = "update marts.activities set started_at_local = '{}-05-05 05:05:05' where activity_id {}"
    change(made, move.format(2023, "= 1"))
    with duckdb.connect(str(made / "strava.duckdb")) as connection:
        connection.execute(move.format(2026, "in (1, 5)"))
    old, new = by_year(published(made)), by_year(rows(made, TRUTH))
    assert (list(old), list(new)) == ([2023, 2024, 2025], [2024, 2025, 2026])
    saved = shutil.copytree(made / "marts", made.parent / "saved")
    seen: set[str] = set()
    for step in range(1, 100):
        shutil.rmtree(made / "marts")
        shutil.copytree(saved, made / "marts")
        killed = subprocess.run([sys.executable, "-c", KILLED, str(made), str(step)], cwd=ROOT, check=False)
        found = by_year(published(made))
        for each in old.keys() | new.keys() | found.keys():
            assert found.get(each) in (old.get(each), new.get(each)), (step, each)
        seen.add(str(found))
        if step % 4 == 0:  # it takes its time
            publish(made)
            assert by_year(published(made)) == new
            assert not [path for path in made.iterdir() if path.name.endswith(".new")]
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
    assert step > 10
    assert len(seen) > 3


# ---- who reads them


@pytest.fixture
def held(made: Path) -> Iterator[Path]:
    """A Playground whose marts.duckdb another program has open for writing."""
    with held_open(made / "marts.duckdb"):
        yield made


COUNT = "select count(*) as n, count(distinct year) as years from samples join activities using (athlete_id, activity_id)"


def prompt(playground: Path, typed: str) -> str:
    """What DuckDB's own prompt prints for what is typed."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "sql"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), "Q": ""},
        input=typed,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("fixture", ["made", "held"])
def test_make_sql_has_them_beside_the_marts(fixture: str, request: pytest.FixtureRequest) -> None:
    playground = request.getfixturevalue(fixture)
    answer = "n,years\n24,2\n"
    assert run("sql", playground, Q=COUNT, FORMAT="csv").stdout == answer
    assert (
        run("sql", playground, Q="show tables", FORMAT="csv").stdout
        == "name\nactivities\nathlete_settings\nsamples\n"
    )
    described = run("sql", playground, Q="select column_name from (describe samples)", FORMAT="csv").stdout
    assert described.split() == ["column_name", *COLUMNS, "year"]
    said = prompt(playground, f".mode csv\n{COUNT};\n")
    assert answer in said.replace("\r", "")
    assert "The marts, read-only: activities, athlete_settings, samples\n" in said


def test_marts_duckdb_has_no_samples(refreshed: Path) -> None:
    assert ("samples",) not in rows(refreshed, "show all tables", "marts.duckdb")
    with pytest.raises(duckdb.CatalogException, match="samples does not exist"):
        rows(refreshed, "from samples", "marts.duckdb")


@pytest.mark.parametrize("is_held", [False, True])
def test_without_any_stream_the_table_is_there_and_empty(made: Path, is_held: bool) -> None:
    types = "select column_name, column_type from (describe samples)"
    expected = run("sql", made, Q=types, FORMAT="csv").stdout
    with duckdb.connect(str(made / "marts.duckdb")) as marts:
        marts.execute("update activities set has_streams = false")
        marts.execute(f"copy activities to '{made}/marts/activities.parquet'")
    shutil.rmtree(made / "marts" / "samples")
    with held_open(made / "marts.duckdb") if is_held else contextlib.nullcontext():
        assert run("sql", made, Q=COUNT, FORMAT="csv").stdout == "n,years\n0,0\n"
        assert run("sql", made, Q=types, FORMAT="csv").stdout == expected
        assert "0,0" in prompt(made, f".mode csv\n{COUNT};\n")


def test_a_playground_may_be_called_as_it_likes(made: Path, tmp_path: Path) -> None:
    playground = Path(shutil.copytree(made, tmp_path / "owner=me, [*] it's"))
    query = "select (select count(*) from samples) as n, count(*) as columns from (describe samples)"
    assert run("sql", playground, Q=query, FORMAT="csv").stdout == "n,columns\n24,16\n"
    before = files(playground)
    publish(playground)
    assert files(playground) == before
    with duckdb.connect(str(playground / "marts.duckdb")):
        out = run("sql", playground, Q="select column_name from (describe activities)", FORMAT="csv").stdout
    assert out.split()[1:] == list(made_marts.ACTIVITY)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_the_users_alone_and_are_closed_again(made: Path) -> None:
    everything = [made / "marts" / "samples", *(made / "marts" / "samples").rglob("*")]
    assert {mode(path) for path in everything if path.is_dir()} == {0o700}
    assert {mode(path) for path in everything if path.is_file()} == {0o600}
    run("status", made)
    for path in everything:
        path.chmod(0o755)
    done = run("status", made)
    assert (
        f"was open to other users of this machine ({len(everything)} files and folders): closed"
        in done.stderr
    )
    assert [path for path in everything if mode(path) & 0o077] == []


def test_what_does_not_fit_into_memory_stays_in_the_playground(
    held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = "select current_setting('temp_directory') as folder"
    inside = f"{held}/.sql.tmp"
    assert run("sql", held, Q=setting, FORMAT="csv").stdout == f"folder\n{inside}\n"
    assert inside in prompt(held, f".mode csv\n{setting};\n")
    seen: list[str] = []

    def look(connection: duckdb.DuckDBPyConnection, *_: Any) -> None:
        seen.extend(connection.execute(setting).fetchall()[0])

    monkeypatch.setattr(publishing, "publish_samples", look)
    publish(held)
    assert seen == [f"{held}/.marts.new/spilled"]

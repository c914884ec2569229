"""The macros explain_load, explain_gap and clock: in marts.duckdb, and over the Parquet files while a tool holds it."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.report.units import UNITS
from pipelines.report.weekly_pace import weekly_pace_sections
from tests.harness import ROOT, held_open, rows, run
from tests.made_marts import Row, made

RUN: Row = {
    "sport_type": "Run",
    "sport_group": "foot",
    "is_distance_consistent": True,
    "gap_moving_time_s": 3600.0,
    "gap_distance_m": 12000.0,
    "gap_pace_s_per_km": 300.0,
    "gap_model": "heartrate",
}
POWER: Row = {
    "power_coverage_pct": 100.0,
    "power_time_s": 3600.0,
    "normalized_power_w": 200.0,
    "training_load": 64.0,
    "training_load_source": "power",
}
# An hour at 110 bpm, half of a reserve of 100: the load of an hour at the threshold is 100, of half of one 50.
HOUR = 60 * 0.5 * 0.86 * math.exp(1.67 * 0.5)
MEN_HOUR = 60 * 0.5 * 0.64 * math.exp(1.92 * 0.5)
HEART: Row = {
    "heartrate_coverage_pct": 90.0,
    "trimp": HOUR / 2,
    "training_load": 50.0,
    "training_load_source": "heartrate",
}
DURATION: Row = {"training_load": 50.0, "training_load_source": "duration"}


def explained(playground: Path, query: str) -> list[Row]:
    names = ("step", "formula", "input", "value", "source")
    found = rows(playground, f"select {', '.join(names)} from {query}", "marts.duckdb")
    steps = [dict(zip(names, row, strict=True)) for row in found]
    assert [row["step"] for row in steps] == list(range(1, len(steps) + 1))
    return steps


@pytest.mark.parametrize(
    ("activity", "values"),
    [
        (POWER, [250, 3600, 200, 0.8, 64]),
        (
            RUN | {"training_load": 81.0, "training_load_source": "pace"},
            [270, 3600, 12000, 300, 81],
        ),
        (HEART, [160, 60, 110, HOUR / 2, 0.5, HOUR, 50]),
        (DURATION, [50, 1, 3600, 50]),
        (
            DURATION | {"sport_type": "Hike", "sport_group": "foot", "training_load": 25.0},
            [50, 0.5, 3600, 25],
        ),
    ],
    ids=["power", "pace", "heartrate", "duration", "hike"],
)
def test_the_steps_lead_from_the_settings_to_the_load_of_the_mart(
    tmp_path: Path, activity: Row, values: list[float]
) -> None:
    steps = explained(made(tmp_path / "p", [activity], [{}]), "explain_load(1)")
    shown = [row["value"] for row in steps if row["value"] is not None]
    assert shown == pytest.approx(values, rel=1e-12)
    assert steps[-1]["formula"].startswith("training_load = ")
    assert steps[-1]["value"] == pytest.approx(activity["training_load"], rel=1e-12)


def test_a_load_uses_the_settings_that_held_on_the_day_and_says_since_when(tmp_path: Path) -> None:
    periods: list[Row] = [
        {"valid_to": "2026-02-28", "ftp_w": 100.0, "ftp_w_source": "strava"},
        {"valid_from": "2026-03-01", "valid_to": "2026-03-01"},
        {"valid_from": "2026-03-02", "ftp_w": 300.0},
        {"athlete_id": 2, "ftp_w": 400.0},
    ]
    playground = made(
        tmp_path / "p", [POWER, POWER | {"activity_id": 2, "activity_date": "2026-02-28"}], periods
    )
    first, *_, last = explained(playground, "explain_load(1)")
    assert (first["value"], first["source"]) == (250, "athlete_settings: config, since 2026-03-01")
    assert last["input"] == "100 · 3600 · 200 · 0.8 / (250 · 3600)"
    first, *_, last = explained(playground, "explain_load(2)")
    assert (first["value"], first["source"], last["value"]) == (100, "athlete_settings: strava", 400)


@pytest.mark.parametrize(("sex", "hour"), [("F", HOUR), ("M", MEN_HOUR), (None, MEN_HOUR)])
def test_the_heart_rate_load_says_whose_weights_it_takes(
    tmp_path: Path, sex: str | None, hour: float
) -> None:
    *_, weights, _, _, per_hour, load = explained(
        made(tmp_path / "p", [HEART | {"trimp": hour / 4}], [{"sex": sex, "sex_source": sex and "strava"}]),
        "explain_load(1)",
    )
    assert weights["source"] == ("athlete_settings: strava" if sex else "athlete_settings")
    assert weights["input"] == (sex or "sex unknown")
    assert per_hour["value"] == pytest.approx(hour)
    assert load["value"] == pytest.approx(25)


@pytest.mark.parametrize(
    ("activity", "settings", "reasons"),
    [
        ({}, {}, {"power": "no power meter", "heartrate": "no heart rate was measured"}),
        ({"power_coverage_pct": 60.0}, {}, {"power": "60 % of the seconds have power"}),
        ({"power_coverage_pct": 90.0}, {}, {"power": "no 30 seconds of power"}),
        (POWER | DURATION, {"ftp_w": None}, {"power": "no FTP is known"}),
        ({"heartrate_coverage_pct": 2.5}, {}, {"heartrate": "2.5 % of the seconds have heart rate"}),
        ({"heartrate_coverage_pct": 80.0}, {"max_heartrate_bpm": None}, {"heartrate": "no maximum"}),
        (RUN, {"threshold_pace_s_per_km": None}, {"pace": "config.toml has no threshold pace"}),
        (RUN | {"gap_distance_m": 0.0, "gap_pace_s_per_km": None}, {}, {"pace": "explain_gap(1) says why"}),
    ],
)
def test_a_source_that_is_passed_over_says_why(
    tmp_path: Path, activity: Row, settings: Row, reasons: dict[str, str]
) -> None:
    steps = explained(made(tmp_path / "p", [DURATION | activity], [settings]), "explain_load(1)")
    said = {row["formula"]: row["input"] for row in steps if row["source"] == "passed over"}
    for source, reason in reasons.items():
        assert reason in said[source]
    assert ("power" in said) == (activity.get("sport_group") != "foot")
    assert ("pace" in said) == (activity.get("sport_type") == "Run")


@pytest.mark.parametrize("model", ["heartrate", "energy"])
def test_the_pace_on_the_flat_follows_from_the_model_and_the_sums(tmp_path: Path, model: str) -> None:
    first, *sums, last = explained(made(tmp_path / "p", [RUN | {"gap_model": model}], [{}]), "explain_gap(1)")
    assert first["input"] == f"gap_model = {model}"
    assert {"heartrate": "(g + 9)² / 675", "energy": "155.4 i⁵"}[model] in first["formula"]
    assert {"heartrate": "Robb 2017", "energy": "Minetti et al. 2002"}[model] in first["source"]
    assert [row["value"] for row in sums] == [3600, 12000]
    assert (last["input"], last["value"]) == ("1000 · 3600 / 12000", 300)


NOTHING: Row = dict.fromkeys(("gap_moving_time_s", "gap_distance_m", "gap_pace_s_per_km"))


@pytest.mark.parametrize(
    ("query", "activity", "reason"),
    [
        ("explain_load(1)", {"moving_time_s": None}, "no moving time"),
        ("explain_load(1)", {"moving_time_s": None, "activity_date": None}, "no moving time"),
        ("explain_load(2)", {}, "no activity has this id"),
        ("explain_load(null)", {}, "no activity has this id"),
        ("explain_gap(1)", {}, "only sports on foot have it, this is Ride"),
        ("explain_gap(1)", RUN | NOTHING | {"has_streams": False}, "no streams are loaded"),
        ("explain_gap(1)", RUN | NOTHING | {"is_distance_consistent": False}, "over 5 % off"),
        ("explain_gap(1)", RUN | NOTHING, "no moving interval has time, distance and grade"),
        (
            "explain_gap(1)",
            RUN | {"gap_distance_m": 0.0, "gap_pace_s_per_km": None},
            "no time or no distance",
        ),
        ("explain_gap(2)", {}, "no activity has this id"),
        ("explain_gap(null)", {}, "no activity has this id"),
    ],
)
def test_where_there_is_no_figure_one_row_says_why(
    tmp_path: Path, query: str, activity: Row, reason: str
) -> None:
    *others, last = explained(made(tmp_path / "p", [activity], [{}]), query)
    assert last["value"] is None
    assert reason in last["input"]
    # Nothing is said of an activity that there is not.
    assert not others or reason != "no activity has this id"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A Playground whose marts.duckdb another program has open for writing."""
    playground = made(tmp_path / "held", [POWER, RUN | {"activity_id": 2}], [{}])
    with held_open(playground / "marts.duckdb"):
        yield playground


@pytest.mark.parametrize(
    "call", ["explain_load(1)", "marts.explain_load(1)", "explain_load(activity_id := 1)"]
)
def test_make_sql_explains_while_a_tool_holds_the_marts(held: Path, call: str) -> None:
    out = run("sql", held, Q=f"select value from {call} order by step desc limit 1", FORMAT="csv").stdout
    assert out == "value\n64.0\n"


def test_files_of_an_older_version_are_read_without_the_macros(held: Path) -> None:
    (held / "marts" / "athlete_settings.parquet").unlink()
    assert run("sql", held, Q="select count(*) as n from activities", FORMAT="csv").stdout == "n\n2\n"
    out = run("sql", held, Q="select max(value) as pace from explain_gap(2)", FORMAT="csv").stdout
    assert out == "pace\n12000.0\n"
    assert "explain_load" in run("sql", held, Q="from explain_load(1)", expect=1).stderr


def test_every_figure_of_the_marts_is_explained(refreshed: Path) -> None:
    """Also by a call that names the parameter, as the column is named."""
    for macro, column in (("explain_load", "training_load"), ("explain_gap", "gap_pace_s_per_km")):
        wrong = rows(
            refreshed,
            f"select activities.activity_id, activities.{column}, last_step.value from activities, "
            f"(select arg_max({{'value': value}}, step).value as value from {macro}(activity_id := activities.activity_id)) "
            f"as last_step where coalesce(abs(last_step.value - activities.{column}) "
            f"> 1e-9 * activities.{column}, last_step.value is not null or activities.{column} is not null)",
            "marts.duckdb",
        )
        assert wrong == []
        assert rows(refreshed, f"select count({column}) > 100 from activities", "marts.duckdb") == [(True,)]
    sources = rows(refreshed, "select distinct training_load_source from activities", "marts.duckdb")
    assert len(sources) >= 2


@pytest.mark.parametrize(
    "call", ["activity_id", "activities.activity_id", "activity_id := activities.activity_id"]
)
def test_a_call_for_each_activity_explains_each(tmp_path: Path, call: str) -> None:
    playground = made(tmp_path / "p", [POWER, POWER | {"activity_id": 2, "power_time_s": 1800.0}], [{}])
    for macro, steps in (("explain_load", [64.0, 32.0]), ("explain_gap", [None, None])):
        found = rows(
            playground,
            f"select activities.activity_id, arg_max({{'value': value}}, step).value from activities, {macro}({call}) "
            "group by activities.activity_id order by all",
            "marts.duckdb",
        )
        assert found == list(enumerate(steps, 1))


@pytest.mark.parametrize(("model", "name"), [("heartrate", "Robb 2017"), ("energy", "Minetti et al. 2002")])
def test_the_report_names_the_model_of_the_grade_adjusted_pace(model: str, name: str) -> None:
    with duckdb.connect() as marts:
        marts.execute(
            f"create table activities as select 'Run' as sport_type, 'foot' as sport_group, '{model}' as gap_model "
            "union all select 'Ride', 'ride', null"
        )
        marts.execute(
            "create table weekly_pace as select date '2026-03-02' as week_start_date, sport_type, 9e3 as distance_m, 360e0 "
            "as pace_s_per_km, 360e0 as pace_s_per_km_4w, if(sport_type = 'Run', 350e0, null) as gap_pace_s_per_km, "
            "150e0 as average_heartrate_bpm from activities"
        )
        [both] = weekly_pace_sections(marts, UNITS["metric"])
        marts.execute("delete from weekly_pace where sport_type = 'Run'")
        [ride] = weekly_pace_sections(marts, UNITS["metric"])
    assert name in both.caption
    assert "grade adjusted" not in ride.caption.lower()


def test_the_query_on_the_page_of_marts_runs_and_has_the_columns_of_its_output(refreshed: Path) -> None:
    page = (ROOT / "MARTS.md").read_text()
    [(query, output)] = re.findall(
        r'^make sql Q="(.*explain_load.*)"\n```\n\n```text\n(.*?)```', page, re.M | re.S
    )
    printed = run("sql", refreshed, Q=query).stdout.splitlines()
    assert printed[0].split() == output.splitlines()[0].split()
    assert "training_load = " in printed[-2]


# ---- clock


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        ("0", "0:00"),
        ("5", "0:05"),
        ("317.4", "5:17"),
        ("317.5", "5:18"),
        ("3599.4", "59:59"),
        ("3599.6", "1:00:00"),
        ("5500", "1:31:40"),
        ("100000", "27:46:40"),
        ("-3.2", "-0:03"),
        ("-0.2", "0:00"),
        ("null", None),
    ],
)
def test_a_clock_shows_seconds_as_people_read_them(tmp_path: Path, seconds: str, shown: str | None) -> None:
    playground = made(tmp_path / "p", [DURATION], [{}])
    assert rows(playground, f"select clock({seconds}), marts.clock({seconds}::double)", "marts.duckdb") == [
        (shown, shown)
    ]
    with held_open(playground / "marts.duckdb"):
        assert json.loads(
            run("sql", playground, Q=f"select clock({seconds}) as c", FORMAT="json").stdout
        ) == [{"c": shown}]

"""`make report` in a real browser: charts with marks, tables behind them, nothing from outside."""

import datetime as dt
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import visible
from pipelines.report import Privacy, write_report
from tests.harness import PLENTY, last_line, make_playground, rows, run
from tests.report_in_browser import cells, hovered, marks, opened, wait_until
from tests.simulated_strava import SimulatedStrava, uniform_history

FIGURES = [
    "week-0",
    "volume-0",
    "training-load-0",
    "intervals-0",
    "pace-0",
    "pace-1",
    "zones-0",
    "records-0",
    "records-1",
    "power-curve-0",
    "critical-power-0",
    "durability-0",
    "year-to-date-0",
    "calendar-0",
    "gear-0",
]
# Of tables alone.
TABLES = ["overview", "latest", "predictions", "settings", "agreement"]


@pytest.fixture(scope="session")
def report(refreshed: Path) -> Path:
    return refreshed / "report.html"


def test_it_says_where_the_page_is(copied: Path) -> None:
    assert "report.html" in run("report", copied).stdout


@pytest.mark.parametrize(
    ("width", "scheme", "zone"),
    [(1200, "light", "Pacific/Auckland"), (1200, "dark", "UTC"), (360, "light", "America/Los_Angeles")],
)
def test_every_chart_has_marks_on_any_screen(
    chromium: Any, report: Path, width: int, scheme: str, zone: str
) -> None:
    viewport = {"width": width, "height": 800}
    with opened(chromium, report, viewport=viewport, color_scheme=scheme, timezone_id=zone) as page:
        counts = marks(page)
        assert counts.keys() >= set(FIGURES)
        assert all(counts.values()), counts
        titles = page.evaluate("[...document.querySelectorAll('section > h2')].map(h => h.parentElement.id)")
        assert set(titles) >= {figure.rpartition("-")[0] for figure in FIGURES} | set(TABLES)
        # A square for each day of the one or two calendar years, and on it one for each active day.
        [(years, active)] = rows(
            report.parent,
            "select (select [min(year(load_date)), max(year(load_date))] from daily_training_load), "
            "count(distinct activity_date) from activities",
            "marts.duckdb",
        )
        days = (dt.date(years[1] + 1, 1, 1) - dt.date(years[0], 1, 1)).days
        assert counts["calendar-0"] == days + active
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")
        # The newest week stands under its own date in any time zone.
        [(week,)] = rows(
            report.parent,
            "select max(week_start_date) from weekly_volume where moving_time_s > 0",
            "marts.duckdb",
        )
        labels = page.evaluate(
            "[...document.querySelectorAll('[data-spec=volume-0] [aria-label]')].map(e => e.getAttribute('aria-label'))"
        )
        assert any(label.startswith(f"{week:%a, %-d %b %Y}, ") for label in labels), labels[-3:]


def test_choosers_change_what_is_drawn(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        before = marks(page)["volume-0"]
        page.select_option("#filter-period", label="all")
        wait_until(
            page,
            "document.querySelectorAll('[data-spec=volume-0] [class*=role-mark] path:not([fill=transparent])').length"
            f" > {before}",
        )
        # The axis of rides reaches the year with the most: kilometres at first, then hours.
        [(most_km, most_h)] = rows(
            report.parent,
            "select max(km), max(h) from (select sum(distance) / 1000 as km, sum(moving_time) / 3600 as h "
            "from strava_raw.activities where sport_type in ('Ride', 'VirtualRide') group by year(start_date_local))",
        )
        assert most_h < most_km / 2
        axis = "document.querySelector('[data-spec=year-to-date-0] [aria-label^=Y-axis]').getAttribute('aria-label')"
        page.select_option("#filter-sports", value="ride")
        for most, label in ((most_km, None), (most_h, "moving time, hours")):
            if label:
                said = page.evaluate(axis)
                page.select_option("#year-to-date select", label=label)
                wait_until(page, f"{axis} !== {said!r}")
            top = float(page.evaluate(axis).split(" to ")[-1].replace(",", ""))
            assert most <= top < 1.5 * most, label


def test_each_chart_has_its_table_and_a_keyboard_reaches_it(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        assert (
            page.evaluate(
                "[...document.querySelectorAll('section')].filter(s => s.querySelector('.chart') && !s.querySelector('details table')).length"
            )
            == 0
        )
        assert page.evaluate(
            "[...document.querySelectorAll('figure')].every(f => f.getAttribute('aria-label'))"
        )
        seen: Counter[str] = Counter()
        for _ in range(90):
            page.keyboard.press("Tab")
            seen[page.evaluate("document.activeElement.tagName")] += 1
        assert seen["SUMMARY"] >= len(FIGURES)
        assert seen["SELECT"] >= 10
        page.focus("#volume summary")
        page.keyboard.press("Enter")
        assert page.is_visible("#volume details table")
        assert page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize("units", ["metric", "imperial"])
def test_tables_hold_the_numbers_of_the_warehouse(chromium: Any, copied: Path, units: str) -> None:
    config = copied / "config.toml"
    config.write_text(config.read_text() + f'\n[report]\nunits = "{units}"\n')
    run("report", copied)
    per_m = 1000 if units == "metric" else 1609.344
    # From the answers of the API as they were loaded, past all models.
    totals = rows(
        copied,
        "select strftime(start_date_local, '%Y-%m'), count(distinct start_date_local::date), count(*), sum(distance) "
        "from strava_raw.activities group by 1 order by 1 desc",
    )
    [(fastest,)] = rows(
        copied,
        "select min(moving_time / distance * 1000) from strava_raw.activities where sport_type = 'Run' and distance > 0",
    )
    with opened(chromium, copied / "report.html") as page:
        months = [[row[0], row[1], row[2], row[4]] for row in cells(page, "calendar")]
        assert months == [[m, str(d), str(n), f"{s / per_m:,.1f}"] for m, d, n, s in totals]
        pace = [row[3] for row in cells(page, "pace") if row[1] == "Run"]
        best = min(60 * int(p.split(":")[0]) + int(p.split(":")[1]) for p in pace)
        assert best >= int(fastest * per_m / 1000), "no week is faster than its fastest run"
        unit = "km" if units == "metric" else "mi"
        assert page.locator(f"#pace thead >> text=min per {unit}").count() == 1
        assert page.locator(f"#pace thead >> text={'km/h' if units == 'metric' else 'mph'}").count() == 1


@pytest.mark.parametrize(
    "evil",
    ["</script><img src=x onerror=alert(1)>&amp;\"'", "<!--<script>", "a\u2028b & \\u003c {{ 7 * 7 }}"],
)
def test_names_are_text(chromium: Any, copied: Path, evil: str) -> None:
    shown = visible(evil)
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        marts.execute(
            "update activities set activity_name = ?, sport_type = if(sport_type = 'Run', ?, sport_type)",
            [evil, evil],
        )
        marts.execute("update weekly_volume set sport_type = ? where sport_type = 'Run'", [evil])
        marts.execute("update weekly_pace set sport_type = ? where sport_type = 'Run'", [evil])
        marts.execute("update monthly_volume set sport_type = ? where sport_type = 'Run'", [evil])
        marts.execute("update gear set gear_name = ?", [evil])
    run("report", copied)
    with opened(chromium, copied / "report.html") as page:
        assert page.locator("img").count() == 0
        assert shown in page.inner_text("#records")
        names = page.evaluate(
            """() => { const {columns, rows} = JSON.parse(document.getElementById('records-0').textContent).data;
                return rows.map(row => row[columns.indexOf('activity')]); }"""
        )
        assert set(names) == {shown}
        told = hovered(page, "records-0", 0.98) + hovered(page, "volume-0", 0.5)
        assert told.count(shown) >= 2, told
        assert page.locator("img").count() == 0
        assert all(marks(page).values())


def test_ten_years_stay_under_three_megabytes(chromium: Any, copied: Path) -> None:
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        columns = {
            "activities": "activity_date",
            "weekly_volume": "week_start_date",
            "weekly_pace": "week_start_date",
            "monthly_volume": "month_start_date",
            "daily_training_load": "load_date",
            "critical_power": "month_start_date",
            "critical_speed": "month_start_date",
        }
        for table, column in columns.items():
            marts.execute(
                f"create temp table one as from {table} where {column} > (select max({column}) from {table}) - 364"
            )
            marts.execute(f"delete from {table}")
            marts.execute(
                f"insert into {table} select one.* replace ({column} - (364 * i)::integer as {column}) from one, range(10) years(i)"
            )
            marts.execute("drop table one")
        marts.execute("update activities set week_start_date = date_trunc('week', activity_date)")
        marts.execute(
            "create temp table one as from year_to_date where year = (select max(year) - 1 from year_to_date)"
        )
        marts.execute("delete from year_to_date")
        marts.execute(
            "insert into year_to_date select one.* replace (year - i as year) from one, range(10) years(i)"
        )
    # Each activity stands there ten times now, and so do its records.
    run("report", copied)
    size = (copied / "report.html").stat().st_size
    print(f"ten years: {size / 1e6:.2f} MB")
    assert 1_000_000 < size < 3_000_000
    with opened(chromium, copied / "report.html") as page:
        months = "document.querySelectorAll('[data-spec=volume-0] path[aria-label]').length"
        page.select_option("#filter-period", label="all")
        wait_until(page, f"{months} > 300")
        page.select_option("#volume select[name=by]", value="week")
        wait_until(page, f"{months} > 1000")
        assert all(marks(page).values())
        assert len(cells(page, "volume")) > 500


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_and_a_single_activity_history_give_a_sensible_page(
    chromium: Any, tmp_path: Path, count: int
) -> None:
    with SimulatedStrava(uniform_history(count), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground)
    run("report", playground)
    if count == 0:
        text = (playground / "report.html").read_text()
        assert "There is no activity yet" in text
        assert "make refresh" in text
        page = chromium.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((playground / "report.html").as_uri())
        assert said == []
        page.close()
    else:
        with opened(chromium, playground / "report.html") as page:
            counts = marks(page)
            assert counts.keys() >= {"volume-0", "training-load-0", "year-to-date-0", "calendar-0"}
            assert all(counts.values()), counts


def test_the_file_is_private_and_made_while_a_tool_holds_the_marts(copied: Path) -> None:
    (copied / "report.html").unlink(missing_ok=True)
    with duckdb.connect(str(copied / "marts.duckdb")) as held:
        held.execute("select 1")
        run("report", copied)
    assert stat.S_IMODE((copied / "report.html").stat().st_mode) == 0o600


def test_the_columns_of_the_marts_may_stand_in_any_order(copied: Path, tmp_path: Path) -> None:
    pages = []
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        for file in (tmp_path / "before.html", tmp_path / "after.html"):
            write_report(marts, file, "metric", "monday", Privacy(400, tmp_path / "zones.json"))
            pages.append(re.sub(r"published marts on [0-9: -]+", "", file.read_text()))
            for (table,) in marts.execute("select table_name from duckdb_tables()").fetchall():
                columns = [name for name, *_ in marts.execute(f"describe {table}").fetchall()]
                marts.execute(
                    f"create or replace table {table} as select {', '.join(columns[::-1])} from {table}"
                )
    assert pages[0] == pages[1]


def test_without_marts_it_says_what_to_type(tmp_path: Path) -> None:
    done = run("report", tmp_path, expect=2)
    assert re.search(
        "marts.duckdb is missing: type `make import ARCHIVE=… PLAYGROUND=.*` and", last_line(done)
    )


def test_marts_of_another_version_are_to_be_built_anew(copied: Path) -> None:
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        marts.execute("alter table activities drop gap_model")
    done = run("report", copied, expect=2)
    assert "another version" in last_line(done)
    assert f"`make transform PLAYGROUND={copied}`" in last_line(done)

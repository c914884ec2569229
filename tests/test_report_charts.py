"""The report's charts under a reader's hands: the page's filter, legends, what the pointer is told, and who can read it."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe

from pipelines.report import Privacy, write_report
from pipelines.report.calendar import _month_borders
from pipelines.report.colours import PALETTE, SPECTRUM, ZONES, year_colours
from pipelines.report.library import drawing_library
from tests.harness import rows
from tests.report_in_browser import cells, hovered, marks, opened, wait_until

NOTE = "settings changed since these marts were built: type `make transform`"


@pytest.fixture(scope="session")
def report(refreshed: Path) -> Path:
    return refreshed / "report.html"


def opacities(page: Any, spec: str) -> set[str]:
    """Of the bars and lines of a chart."""
    found: list[str] = page.evaluate(
        """spec => [...document.querySelectorAll(`[data-spec=${spec}] [class*=role-mark] path[aria-label]`)]
            .map(path => path.getAttribute('opacity'))""",
        spec,
    )
    return set(found)


def axis(page: Any, spec: str) -> str:
    text: str = page.get_attribute(f"[data-spec={spec}] [aria-label^=X-axis]", "aria-label")
    return text


def test_one_filter_moves_all_charts_without_drawing_them_anew(chromium: Any, report: Path) -> None:
    [(last, year)] = rows(
        report.parent,
        "select (select year(max(load_date)) from daily_training_load), year(min(activity_date)) from activities",
        "marts.duckdb",
    )
    on_foot = rows(
        report.parent, "select distinct sport_type from activities where sport_group = 'foot'", "marts.duckdb"
    )
    with opened(chromium, report) as page:
        page.evaluate(
            """() => { window.told = []; document.addEventListener('filter', event => told.push(event.detail));
                for (const svg of document.querySelectorAll('.chart svg')) svg.dataset.kept = 'yes'; }"""
        )
        followers = ["volume-0", "training-load-0", "pace-0", "zones-0", "critical-power-0"]
        assert all(str(last) in axis(page, spec) for spec in followers)
        page.focus("#filter-period")
        page.keyboard.press("End")
        wait_until(page, "told.length == 1")
        for spec in followers:
            assert f"01 January {year}" in axis(page, spec)
            assert f"31 December {year}" in axis(page, spec)
        page.select_option("#filter-sports", value="foot")
        wait_until(page, "told.length == 2")
        labels = page.evaluate(
            "[...document.querySelectorAll('[data-spec=volume-0] path[aria-label]')].map(e => e.getAttribute('aria-label'))"
        )
        assert labels
        shown = {label.split(", ")[2].split(":")[0] for label in labels}
        assert shown <= {"other sports", *(sport for (sport,) in on_foot)}
        assert all(f"{year}, " in label for label in labels), labels
        assert page.evaluate(
            "[...document.querySelectorAll('figure')].every(f => f.hidden == !['foot', undefined].includes(f.dataset.group))"
        )
        assert not page.is_visible("#pace .nothing")
        days = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
        page.select_option("#filter-period", label="all")
        wait_until(page, "told.length == 3")
        assert page.evaluate("told") == [
            {**days, "group": None},
            {**days, "group": "foot"},
            {"from": None, "to": None, "group": "foot"},
        ]
        kept = page.evaluate("[...document.querySelectorAll('.chart svg')].map(svg => svg.dataset.kept)")
        assert set(kept) == {"yes"}


def test_the_filter_offers_the_years_and_the_sports_that_there_are(chromium: Any, report: Path) -> None:
    [(first, last)] = rows(
        report.parent, "select min(activity_date), max(activity_date) from activities", "marts.duckdb"
    )
    groups = rows(report.parent, "select distinct sport_group from activities", "marts.duckdb")
    with opened(chromium, report) as page:
        offered = page.locator("#filter-period option").all_inner_texts()
        assert offered == ["12 months", "3 years", "all", *map(str, range(last.year, first.year - 1, -1))]
        values = page.evaluate("[...document.querySelectorAll('#filter-sports option')].map(o => o.value)")
        assert sorted(values) == sorted(["all", *(group for (group,) in groups)])
        page.mouse.wheel(0, 3000)
        wait_until(page, "scrollY > 1000")
        box = page.locator("#filter").bounding_box()
        assert box["y"] == 0, "it stays at the top"


def test_a_click_on_a_legend_picks_a_series(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        for spec in ("volume-0", "training-load-0", "zones-0", "year-to-date-0", "power-curve-0"):
            assert opacities(page, spec) == {"1"}, spec
            names = page.locator(f"[data-spec={spec}] .role-legend-label text")
            assert names.count() > 1, spec
            names.first.click()
            wait_until(
                page,
                f"document.querySelector('[data-spec={spec}] path[aria-label][opacity=\"0.1\"]') !== null",
            )
            assert opacities(page, spec) == {"1", "0.1"}, spec
        legend = page.locator("[data-spec=training-load-0] .role-legend-label text").all_text_contents()
        assert legend == ["fitness", "fatigue", "form"]


def test_the_pointer_is_told_of_all_series_at_once(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        told = hovered(page, "training-load-0", 0.5).split("\n")
    [(shown, *values)] = rows(
        report.parent,
        "select strftime(load_date, '%a, %-d %b %Y') as shown, fitness, fatigue, form from daily_training_load "
        f"where shown = '{told[1]}'",
        "marts.duckdb",
    )
    numbers = dict(line.replace("\u2212", "-").split(": ") for line in told if ": " in line)
    assert numbers.keys() == {"fitness", "fatigue", "form"}
    for name, value in zip(("fitness", "fatigue", "form"), values, strict=True):
        assert abs(int(numbers[name]) - value) <= 0.6, (shown, told)


def test_this_week_is_held_against_the_same_days_of_earlier_weeks(
    chromium: Any, copied: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        [week] = marts.execute("select max(week_start_date) from weekly_volume").fetchone() or (None,)
        # On a Tuesday: one run on each day of this week and the four before, the ones from Wednesday on far longer.
        marts.execute("create temp table tuesday as from daily_training_load limit 1")
        marts.execute("delete from daily_training_load")
        marts.execute(
            "insert into daily_training_load select * replace (?::date + 1 as load_date) from tuesday", [week]
        )
        marts.execute("delete from activities where sport_type <> 'Run'")
        marts.execute(
            """
            create temp table one as select * from activities order by activity_id limit 1;
            delete from activities;
            insert into activities
            select one.* replace (activity_id + n as activity_id, (?::date - n)::date as activity_date,
                date_trunc('week', ?::date - n)::date as week_start_date,
                if(isodow(?::date - n) <= 2, 3600, 36000) as moving_time_s)
            from one, (select unnest(range(-1, 29))::integer as n)
            """.replace("?", f"'{week}'")
        )
        write_report(
            marts, tmp_path / "report.html", "metric", "monday", Privacy(400, tmp_path / "zones.json")
        )
    with opened(chromium, tmp_path / "report.html") as page:
        tiles = page.locator("#week .tiles li").all_inner_texts()
        assert tiles[0].split() == ["2:00", "h", "moving", "time;", "2:00", "h", "on", "average", "before"]
        assert "the same 2 days" in page.inner_text("#week > p")


def test_the_calendar_names_months_and_its_legend_begins_at_nothing(chromium: Any, report: Path) -> None:
    with opened(chromium, report) as page:
        legend = page.get_attribute("[data-spec=calendar-0] [aria-label^='Gradient legend']", "aria-label")
        assert "values from 0 to" in legend
        texts = page.locator("[data-spec=calendar-0] .role-mark text").all_text_contents()
        assert texts.count("Jan") == texts.count("Dec") == len(texts) / 12 >= 1


@pytest.mark.parametrize(("first_weekday", "february"), [(0, (4, 6)), (6, (5, 0))])
def test_the_line_before_a_month_goes_round_its_first_day(
    first_weekday: int, february: tuple[int, int]
) -> None:
    # 1 February 2026 is a Sunday: the last of its column, or the first.
    week, weekday = february
    lines, names = _month_borders([2026], first_weekday)
    assert lines[0]["x"] == pytest.approx(week - 0.07)
    assert lines[0]["y"] == pytest.approx(weekday - 0.07)
    assert [name["name"] for name in names][:2] == ["Jan", "Feb"]


def test_lines_of_records_go_on_to_today(chromium: Any, report: Path) -> None:
    [(today,)] = rows(report.parent, "select max(load_date) from daily_training_load", "marts.duckdb")
    with opened(chromium, report) as page:
        ends = page.evaluate(
            """() => { const {columns, rows} = JSON.parse(document.getElementById('records-0').textContent).data;
                const at = Object.fromEntries(columns.map((name, place) => [name, place])), ends = {};
                for (const row of rows) if (!(ends[row[at.distance]] > row[at.day])) ends[row[at.distance]] = row[at.day];
                return Object.values(ends); }"""
        )
        assert set(ends) == {(today - dt.date(1970, 1, 1)).days}


def luminance(colour: str) -> float:
    """By WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_ten_years_have_ten_colours_that_can_be_seen_on_both_pages() -> None:
    assert len(set(year_colours(10))) == 10
    assert len(year_colours(20)) == 20
    assert year_colours(1) == year_colours(7)[-1:], "this year's stays its own"
    white, dark = luminance("#ffffff"), luminance("#14171c")
    for colour in {*SPECTRUM, *PALETTE, *ZONES, *year_colours(10)}:
        assert (white + 0.05) / (luminance(colour) + 0.05) > 2.7, colour
        assert (luminance(colour) + 0.05) / (dark + 0.05) > 2.7, colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing_serious(chromium: Any, report: Path, width: int, scheme: str) -> None:
    viewport = {"width": width, "height": 800}
    with opened(chromium, report, viewport=viewport, color_scheme=scheme) as page:
        for details in page.locator("details").all():
            details.evaluate("element => { element.open = true; }")
        found = [
            (violation["impact"], violation["id"], violation["nodes"][0]["html"])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert found == []


def test_every_mart_has_its_place(copied: Path, tmp_path: Path) -> None:
    """The page cannot be made without any of them."""
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        tables = {name for (name,) in marts.execute("select table_name from duckdb_tables()").fetchall()}
        assert len(tables) > 20
        for table in sorted(tables):
            marts.execute("begin")
            marts.execute(f"drop table {table}")
            with pytest.raises(duckdb.CatalogException, match=table):
                write_report(
                    marts, tmp_path / "report.html", "metric", "monday", Privacy(400, tmp_path / "zones.json")
                )
            marts.execute("rollback")


def test_notes_stand_in_the_head_and_parts_are_told_of(copied: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with duckdb.connect(str(copied / "marts.duckdb"), read_only=True) as marts:
        write_report(
            marts,
            tmp_path / "report.html",
            "metric",
            "monday",
            Privacy(400, tmp_path / "zones.json"),
            notes=[NOTE],
            tell=told.append,
        )
    text = (tmp_path / "report.html").read_text()
    assert text.index(NOTE) < text.index("<main>")
    assert told[:3] == ["Overview", "This week", "Volume"]
    assert len(told) == len(set(told)) > 15


def test_the_latest_activities_open_on_their_splits(chromium: Any, report: Path) -> None:
    latest = rows(
        report.parent,
        "select activity_id, (select count(*) from splits s where s.activity_id = a.activity_id) "
        "from activities a order by started_at desc limit 10",
        "marts.duckdb",
    )
    with opened(chromium, report) as page:
        shown = page.evaluate(
            "[...document.querySelectorAll('#latest details')].map(d => d.querySelectorAll('tbody tr').length)"
        )
        assert shown == [count for _, count in latest if count]
        assert len(cells(page, "latest")) == sum(count for _, count in latest)


def test_the_library_is_put_together_once(tmp_path: Path) -> None:
    source = drawing_library(tmp_path / "kept")
    [kept] = (tmp_path / "kept").iterdir()
    assert kept.read_text() == source
    kept.write_text("kept")
    assert drawing_library(tmp_path / "kept") == "kept"
    # Where nothing can be kept, as in another user's environment, the page comes all the same.
    (tmp_path / "file").touch()
    assert drawing_library(tmp_path / "file" / "kept") == source


def test_a_page_of_one_sport_has_no_empty_promises(chromium: Any, copied: Path, tmp_path: Path) -> None:
    """A section whose figures are all of other sports says so."""
    with duckdb.connect(str(copied / "marts.duckdb"), read_only=True) as marts:
        write_report(
            marts, tmp_path / "report.html", "imperial", "sunday", Privacy(400, tmp_path / "zones.json")
        )
    with opened(chromium, tmp_path / "report.html") as page:
        page.select_option("#filter-sports", value="foot")
        wait_until(page, "document.querySelector('#power-curve .nothing').hidden === false")
        assert not page.is_visible("#power-curve figure")
        assert page.is_visible("#pace figure[data-group=foot]")
        assert not page.is_visible("#pace figure[data-group=ride]")
        assert marks(page)["volume-0"] > 0

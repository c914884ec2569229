"""`make report`: the charts as one HTML file that needs no network, each with its table behind it."""

import datetime as dt
import html
import json
import os
import string
import webbrowser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import duckdb

from pipelines.settings import Playground, load_settings
from pipelines.warehouse.publish import open_published

Row = dict[str, Any]
SPORTS_NAMED = 6
REST = "other sports"
PALETTE = ["#3b82c4", "#e07b39", "#2fa084", "#c55a8a", "#8f7ad6", "#b59b2a", "#8a94a3"]
EMPTY_DAY = "#8888882b"
GROUP_NAMES = {"foot": "On foot", "ride": "Riding", "swim": "Swimming", "other": "Other sports"}
EFFORT_NAMES = {1609.344: "1 mile", 21097.5: "half marathon", 42195.0: "marathon"}
CHART_HEIGHT = 280
CLOCK_LABEL = 'utcFormat(datum.value * 1000, "%-M:%S")'


@dataclass(frozen=True)
class Units:
    """What the person reads; the marts stay SI."""

    distance_m: float
    distance: str
    climb_m: float
    climb: str
    swim_m: float
    swim: str


UNITS = {
    "metric": Units(1000.0, "km", 1.0, "m", 100.0, "100 m"),
    "imperial": Units(1609.344, "mi", 0.3048, "ft", 91.44, "100 yd"),
}


@dataclass(frozen=True)
class Measure:
    """How a sport group reads its pace: min per km or per 100 m; riders read speed."""

    unit: str
    per_m: float
    is_speed: bool

    @classmethod
    def of(cls, group: str, units: Units) -> "Measure":
        if group == "ride":
            return cls({"km": "km/h", "mi": "mph"}[units.distance], units.distance_m, True)
        if group == "swim":
            return cls(f"min per {units.swim}", units.swim_m, False)
        return cls(f"min per {units.distance}", units.distance_m, False)

    def shown(self, pace_s_per_km: float | None) -> float | None:
        """Seconds per unit, or units per hour."""
        if not pace_s_per_km:
            return None
        pace_s = pace_s_per_km * self.per_m / 1000
        return round(3600 / pace_s, 2) if self.is_speed else round(pace_s, 1)

    def text(self, pace_s_per_km: float | None) -> str:
        value = self.shown(pace_s_per_km)
        return "" if value is None else f"{value:.1f}" if self.is_speed else clock(value)

    def axis(self) -> alt.Y:
        """Of the field `value`; faster is higher."""
        axis = alt.Axis() if self.is_speed else alt.Axis(labelExpr=CLOCK_LABEL, tickMinStep=1)
        scale = alt.Scale(zero=False, reverse=not self.is_speed, padding=8)
        return alt.Y("value:Q", title=self.unit, axis=axis, scale=scale)


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart; a cell is text, which is escaped, or a Link. The first columns are no numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    text_columns: int = 1


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    caption: str
    charts: Sequence[tuple[str, alt.TopLevelMixin]]
    table: Table | None
    html: str = ""


class Link(str):
    """HTML that this module wrote; every other text is escaped."""


def main(playground: Playground) -> None:
    settings = load_settings(playground)
    with open_published(playground) as marts:
        page = build(marts, UNITS[settings.report.units], settings.marts.week_start)
    temporary = playground.root / ".report.html.new"
    temporary.write_text(page, encoding="utf-8")
    temporary.chmod(0o600)
    os.replace(temporary, playground.report)
    print(f"The report is in {playground.report} ({len(page.encode()) / 1e6:.1f} MB): open it in a browser.")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER"):
        webbrowser.open(playground.report.absolute().as_uri())


def build(marts: duckdb.DuckDBPyConnection, units: Units, week_start: str) -> str:
    """The whole page."""
    import vl_convert

    template = string.Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    sections: list[Section] = []
    if query(marts, "select 1 from activities limit 1"):
        sport_names = [row["sport_type"] for row in query(marts, SPORTS)]
        sections = [
            this_week(marts, units),
            volume(marts, units, sport_names),
            *paces(marts, units),
            load(marts),
            year_to_date(marts, units),
            *records(marts, units),
            calendar(marts, units, week_start),
        ]
        header = overview(marts, units, sections)
    else:
        header = (
            "<p>There is no activity yet: type <code>make refresh</code>, then <code>make report</code>.</p>"
        )
    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;") if sections else ""
    return template.substitute(
        header=header,
        sections="\n".join(render(section) for section in sections),
        library=library.replace("</script", "<\\/script") or "const vegaEmbed = null;",
        made_on=f"{dt.datetime.now():%Y-%m-%d %H:%M}",
    )


# ---- the sections: a query, a chart, a table each

SPORTS = f"select sport_type from activities group by all order by sum(moving_time_s) desc, sport_type limit {SPORTS_NAMED}"


def overview(marts: duckdb.DuckDBPyConnection, units: Units, sections: Sequence[Section]) -> str:
    [total] = query(
        marts,
        """
        select count(*) as activity_count, count(distinct activity_date) as day_count, sum(distance_m) as distance_m,
            sum(moving_time_s) as moving_time_s, sum(elevation_gain_m) as climb_m, min(activity_date) as first,
            max(activity_date) as last
        from activities
        """,
    )
    streak = query(
        marts,
        "select length from streaks where streak_kind = 'day' order by is_current desc, length desc limit 1",
    )
    current = query(marts, "select max(length) as n from streaks where streak_kind = 'week' and is_current")
    longest = query(marts, "select max(length) as n from streaks where streak_kind = 'day'")
    eddington = query(
        marts,
        "select sport_group, eddington_number, days_to_next from eddington where unit = ? and eddington_number > 0 "
        "order by eddington_number desc limit 1",
        [units.distance],
    )
    items = [
        (f"{total['activity_count']:,}", f"activities on {total['day_count']:,} days"),
        (f"{(total['distance_m'] or 0) / units.distance_m:,.0f} {units.distance}", "distance"),
        (f"{(total['moving_time_s'] or 0) / 3600:,.0f} h", "moving time"),
        (f"{(total['climb_m'] or 0) / units.climb_m:,.0f} {units.climb}", "climbed"),
    ]
    if streak:
        weeks = current[0]["n"] or 0
        items.append((f"{longest[0]['n']} days", f"longest streak; active weeks in a row now: {weeks}"))
    if eddington:
        [best] = eddington
        name = GROUP_NAMES[best["sport_group"]].lower()
        items.append(
            (
                f"{best['eddington_number']}",
                f"Eddington number {name} ({units.distance}); {best['days_to_next']} days to the next",
            )
        )
    links = " ".join(f'<a href="#{s.key}">{html.escape(s.title)}</a>' for s in sections)
    period = f"<p>From {total['first']} to {total['last']}.</p>"
    return f'{period}{tiles(items)}<nav aria-label="Sections">{links}</nav>'


def this_week(marts: duckdb.DuckDBPyConnection, units: Units) -> Section:
    rows = query(
        marts,
        """
        with
        latest as (select max(week_start_date) as week_start_date from weekly_volume),
        weeks as (
            select v.*, v.week_start_date = l.week_start_date as is_this_week
            from weekly_volume v, latest l
            where v.week_start_date > l.week_start_date - 35
        )
        select sport_type,
            coalesce(sum(activity_count) filter (is_this_week), 0)::double as count_now,
            coalesce(sum(activity_count) filter (not is_this_week), 0) / 4 as count_before,
            coalesce(sum(distance_m) filter (is_this_week), 0) as distance_now,
            coalesce(sum(distance_m) filter (not is_this_week), 0) / 4 as distance_before,
            coalesce(sum(moving_time_s) filter (is_this_week), 0)::double as time_now,
            coalesce(sum(moving_time_s) filter (not is_this_week), 0) / 4 as time_before,
            coalesce(sum(elevation_gain_m) filter (is_this_week), 0) as climb_now,
            coalesce(sum(elevation_gain_m) filter (not is_this_week), 0) / 4 as climb_before
        from weeks group by sport_type
        having count_now + count_before > 0
        order by time_now + time_before desc, sport_type
        """,
    )
    [start] = query(marts, "select max(week_start_date) as week from weekly_volume")

    def total(name: str) -> tuple[float, float]:
        return sum(row[f"{name}_now"] for row in rows), sum(row[f"{name}_before"] for row in rows)

    (distance, distance_was), (time, time_was) = total("distance"), total("time")
    (climb, climb_was), (count, count_was) = total("climb"), total("count")
    per = units.distance_m
    items = [
        (hours(time), f"moving time; {hours(time_was)} on average in the four weeks before"),
        (f"{distance / per:,.1f} {units.distance}", f"distance; {distance_was / per:,.1f} on average before"),
        (
            f"{climb / units.climb_m:,.0f} {units.climb}",
            f"climbed; {climb_was / units.climb_m:,.0f} on average before",
        ),
        (f"{count:.0f}", f"activities; {count_was:.1f} on average before"),
    ]
    values = [
        {"sport": row["sport_type"], "period": period, "hours": round(row[f"time_{key}"] / 3600, 3)}
        for row in rows
        for key, period in (("now", "this week"), ("before", "average before"))
    ]
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=max(60, 44 * len(rows)))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("hours:Q", title="moving time, hours"),
            y=alt.Y("sport:N", title=None, sort=[row["sport_type"] for row in rows]),
            yOffset=alt.YOffset("period:N", sort=["this week"]),
            color=alt.Color(
                "period:N",
                title=None,
                scale=alt.Scale(domain=["this week", "average before"], range=[PALETTE[1], PALETTE[6]]),
            ),
            tooltip=["sport:N", "period:N", alt.Tooltip("hours:Q", format=".1f")],
        )
    )
    table = Table(
        [
            "Sport",
            "Time",
            "Average before",
            units.distance,
            "Average before",
            f"Climb, {units.climb}",
            "Average before",
        ],
        [
            [
                row["sport_type"],
                hours(row["time_now"]),
                hours(row["time_before"]),
                f"{row['distance_now'] / per:,.1f}",
                f"{row['distance_before'] / per:,.1f}",
                f"{row['climb_now'] / units.climb_m:,.0f}",
                f"{row['climb_before'] / units.climb_m:,.0f}",
            ]
            for row in rows
        ],
    )
    caption = f"The week from {start['week']} so far, against the average of the four before it."
    charts = (
        [("Moving time of this week by sport, beside the average of the four before", chart)] if rows else []
    )
    return Section("week", "This week", caption, charts, table if rows else None, tiles(items))


def volume(marts: duckdb.DuckDBPyConnection, units: Units, sport_names: Sequence[str]) -> Section:
    rows = query(
        marts,
        """
        select week_start_date as week, if(list_contains(?, sport_type), sport_type, ?) as sport,
            coalesce(sum(moving_time_s), 0) as time_s, coalesce(sum(distance_m), 0) as distance_m
        from weekly_volume
        group by all having time_s > 0 or distance_m > 0
        order by week desc, sport
        """,
        [list(sport_names), REST],
    )
    sports = [*sport_names, *([REST] if any(row["sport"] == REST for row in rows) else [])]
    values = [
        {
            "week": local(row["week"]),
            "end": local(row["week"] + dt.timedelta(days=6, hours=12)),
            "sport": row["sport"],
            "hours": round(row["time_s"] / 3600, 2),
            "distance": round(row["distance_m"] / units.distance_m, 1),
        }
        for row in rows
    ]
    period, recent = period_chooser("week", values)
    measure = alt.param(
        name="measure",
        value="hours",
        bind=alt.binding_select(
            options=["hours", "distance"],
            labels=["moving time, hours", f"distance, {units.distance}"],
            name="Show ",
        ),
    )
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=CHART_HEIGHT)
        .mark_bar()
        .transform_filter(recent)
        .transform_calculate(shown="datum[measure]")
        .encode(
            x=alt.X("week:T", bin="binned", title="week"),
            x2="end:T",
            y=alt.Y("shown:Q", stack=True, title=None),
            color=alt.Color(
                "sport:N", title=None, scale=alt.Scale(domain=sports, range=PALETTE[: len(sports)])
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("week:T", title="week from", format="%Y-%m-%d"),
                "sport:N",
                alt.Tooltip("hours:Q", format=".1f"),
                alt.Tooltip("distance:Q", title=units.distance, format=".1f"),
            ],
        )
        .transform_calculate(rank=f"indexof({json.dumps(sports)}, datum.sport)")
        .add_params(period, measure)
    )
    by_week: dict[dt.date, dict[str, Row]] = {}
    for row in rows:
        by_week.setdefault(row["week"], {})[row["sport"]] = row
    table = Table(
        ["Week from", *(f"{sport}, h ({units.distance})" for sport in sports)],
        [
            [
                str(week),
                *(
                    f"{its[s]['time_s'] / 3600:.1f} ({its[s]['distance_m'] / units.distance_m:.1f})"
                    if s in its
                    else ""
                    for s in sports
                ),
            ]
            for week, its in by_week.items()
        ],
    )
    return Section(
        "volume",
        "Weekly volume",
        "Moving time and distance of each week, by sport type.",
        [("Stacked bars: moving time or distance of each week, by sport type", chart)],
        table,
    )


def paces(marts: duckdb.DuckDBPyConnection, units: Units) -> list[Section]:
    """Pace on foot and swimming, speed riding: a section for each that has one."""
    found = []
    for group, title in (
        ("foot", "Weekly pace on foot"),
        ("ride", "Weekly speed riding"),
        ("swim", "Weekly swim pace"),
    ):
        rows = query(
            marts,
            """
            with sports as (select sport_type, count(*) as n from activities where sport_group = ? group by all)
            select week_start_date as week, sport_type as sport, distance_m,
                pace_s_per_km, pace_s_per_km_4w, gap_pace_s_per_km, average_heartrate_bpm
            from weekly_pace join sports using (sport_type)
            order by n desc, sport, week desc
            """,
            [group],
        )
        if rows:
            found.append(pace_section(group, title, rows, units))
    return found


def pace_section(group: str, title: str, rows: Sequence[Row], units: Units) -> Section:
    measure = Measure.of(group, units)
    unit, shown, text = measure.unit, measure.shown, measure.text
    series = {"week": "pace_s_per_km", "four weeks": "pace_s_per_km_4w"}
    if group == "foot" and any(row["gap_pace_s_per_km"] for row in rows):
        series["grade adjusted"] = "gap_pace_s_per_km"
    values = [
        {
            "week": local(row["week"]),
            "sport": row["sport"],
            "series": name,
            "value": shown(row[column]),
            "text": text(row[column]),
        }
        for row in rows
        for name, column in series.items()
        if row[column]
    ]
    sports = list(dict.fromkeys(row["sport"] for row in rows))
    period, recent = period_chooser("week", values)
    sport = alt.param(name="sport", value=sports[0], bind=alt.binding_select(options=sports, name="Sport "))
    base = (
        alt.Chart(alt.Data(values=values), width="container", height=CHART_HEIGHT)
        .transform_filter(recent)
        .transform_filter("datum.sport == sport")
        .encode(
            x=alt.X("week:T", title="week"),
            y=measure.axis(),
            color=alt.Color(
                "series:N",
                title=None,
                scale=alt.Scale(
                    domain=list(series), range=[PALETTE[6], PALETTE[1], PALETTE[0]][: len(series)]
                ),
            ),
            tooltip=[
                alt.Tooltip("week:T", title="week from", format="%Y-%m-%d"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("text:N", title=unit),
            ],
        )
    )
    lines = base.transform_filter("datum.series == 'four weeks'").mark_line(strokeWidth=2.5)
    points = base.transform_filter("datum.series != 'four weeks'").mark_point(
        filled=True, size=28, opacity=0.8
    )
    chart = alt.layer(points, lines).add_params(period, sport)
    table = Table(
        [
            "Week from",
            "Sport",
            f"{units.distance}",
            unit,
            "Four weeks",
            *(["Grade adjusted"] if len(series) > 2 else []),
            "Heart rate",
        ],
        [
            [
                str(row["week"]),
                row["sport"],
                f"{row['distance_m'] / units.distance_m:.1f}",
                text(row["pace_s_per_km"]),
                text(row["pace_s_per_km_4w"]),
                *([text(row["gap_pace_s_per_km"])] if len(series) > 2 else []),
                "" if row["average_heartrate_bpm"] is None else f"{row['average_heartrate_bpm']:.0f}",
            ]
            for row in sorted(rows, key=lambda row: row["week"], reverse=True)
        ],
        text_columns=2,
    )
    caption = "Each week's time over its distance (points) and the same over four weeks (line)" + (
        "; grade adjusted is what it would have been on the flat (Minetti et al. 2002). Higher is faster."
        if len(series) > 2
        else ". Higher is faster."
    )
    return Section(f"pace-{group}", title, caption, [(f"{title}: {caption}", chart)], table)


def load(marts: duckdb.DuckDBPyConnection) -> Section:
    rows = query(
        marts,
        "select load_date as day, training_load, fitness, fatigue, form, monotony from daily_training_load order by day",
    )
    series = ["fitness", "fatigue", "form"]
    values = [{"day": local(row["day"]), **{name: round(row[name], 1) for name in series}} for row in rows]
    period, recent = period_chooser("day", values)
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=CHART_HEIGHT)
        .transform_filter(recent)
        .transform_fold(list(series), as_=["series", "value"])
        .mark_line(point=len(rows) < 3)
        .encode(
            x=alt.X("day:T", title="day"),
            y=alt.Y("value:Q", title="training load per day"),
            color=alt.Color("series:N", title=None, scale=alt.Scale(domain=series, range=PALETTE[:3])),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=series, range=[[1, 0], [6, 3], [2, 2]])
            ),
            tooltip=[
                alt.Tooltip("day:T", format="%Y-%m-%d"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("value:Q", format=".0f"),
            ],
        )
        .add_params(period)
    )
    weekly = [row for i, row in enumerate(reversed(rows)) if i % 7 == 0]
    table = Table(
        ["Day (each seventh)", "Load", "Fitness", "Fatigue", "Form", "Monotony"],
        [
            [
                str(row["day"]),
                *(f"{row[name]:.0f}" for name in ("training_load", *series)),
                "" if row["monotony"] is None else f"{row['monotony']:.1f}",
            ]
            for row in weekly
        ],
    )
    caption = (
        "Fitness and fatigue are averages of the daily training load that forget with 42 and 7 days (Banister et al. 1975); "
        "form is yesterday's fitness minus yesterday's fatigue."
    )
    return Section(
        "form",
        "Fitness, fatigue, form",
        caption,
        [("Lines of fitness, fatigue and form by day", chart)],
        table,
    )


def year_to_date(marts: duckdb.DuckDBPyConnection, units: Units) -> Section:
    rows = query(
        marts,
        """
        with
        groups as (select distinct sport_type, sport_group from activities),
        days as (
            select year, day_of_year, sport_group, coalesce(sum(distance_m), 0) as distance_m, coalesce(sum(moving_time_s), 0) as time_s,
                sum(activity_count)::bigint as activity_count
            from year_to_date join groups using (sport_type) group by all
        )
        select * from days
        qualify time_s is distinct from lag(time_s) over (partition by year, sport_group order by day_of_year)
            or distance_m is distinct from lag(distance_m) over (partition by year, sport_group order by day_of_year)
            or day_of_year = max(day_of_year) over (partition by year)
        order by sport_group, year, day_of_year
        """,
    )
    order = ["foot", "ride", "swim", "other"]
    groups = sorted({row["sport_group"] for row in rows}, key=order.index)
    [now] = query(
        marts,
        "select max(year) as year, max(day_of_year) filter (year = (select max(year) from year_to_date)) as day "
        "from year_to_date",
    )
    values = [
        {
            "day": row["day_of_year"],
            "year": str(row["year"]),
            "group": row["sport_group"],
            "distance": round(row["distance_m"] / units.distance_m, 1),
            "hours": round(row["time_s"] / 3600, 1),
        }
        for row in rows
    ]
    most = {g: max(row["distance_m"] for row in rows if row["sport_group"] == g) for g in groups}
    years = sorted({row["year"] for row in rows})
    group = alt.param(
        name="group",
        value=max(groups, key=lambda g: most[g]),
        bind=alt.binding_select(options=groups, labels=[GROUP_NAMES[g] for g in groups], name="Sports "),
    )
    measure = alt.param(
        name="measure",
        value="distance",
        bind=alt.binding_select(
            options=["distance", "hours"],
            labels=[f"distance, {units.distance}", "moving time, hours"],
            name="Show ",
        ),
    )
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=CHART_HEIGHT)
        .mark_line(interpolate="step-after", point=len(values) < 5)
        .transform_filter("datum.group == group")
        .transform_calculate(shown="datum[measure]", is_now=f"datum.year == '{now['year']}'")
        .encode(
            x=alt.X("day:Q", title="day of the year", scale=alt.Scale(domain=[1, 366], nice=False)),
            y=alt.Y("shown:Q", title=None),
            color=alt.Color(
                "year:N",
                title=None,
                scale=alt.Scale(domain=[str(y) for y in years], range=year_colours(len(years))),
            ),
            strokeWidth=alt.StrokeWidth(
                "is_now:O", legend=None, scale=alt.Scale(domain=[True, False], range=[3.5, 1.5])
            ),
            tooltip=[
                "year:N",
                alt.Tooltip("day:Q", title="day"),
                alt.Tooltip("distance:Q", title=units.distance, format=",.0f"),
                alt.Tooltip("hours:Q", format=",.0f"),
            ],
        )
        .add_params(group, measure)
    )

    def at(year: int, sport_group: str, day: int) -> Row | None:
        its = [
            r
            for r in rows
            if r["year"] == year and r["sport_group"] == sport_group and r["day_of_year"] <= day
        ]
        return its[-1] if its else None

    lines = []
    for year in reversed(years):
        for sport_group in groups:
            to_day, whole = at(year, sport_group, now["day"]), at(year, sport_group, 366)
            if whole and whole["activity_count"]:
                lines.append(
                    [
                        str(year),
                        GROUP_NAMES[sport_group],
                        f"{(to_day['distance_m'] if to_day else 0) / units.distance_m:,.0f}",
                        hours(to_day["time_s"] if to_day else 0),
                        f"{whole['distance_m'] / units.distance_m:,.0f}",
                        hours(whole["time_s"]),
                        f"{whole['activity_count']}",
                    ]
                )
    table = Table(
        [
            "Year",
            "Sports",
            f"{units.distance} to day {now['day']}",
            f"Time to day {now['day']}",
            f"{units.distance}, whole year",
            "Time, whole year",
            "Activities",
        ],
        lines,
        text_columns=2,
    )
    return Section(
        "years",
        "Year to date",
        "What had come together by each day of the year; this year is the thick line.",
        [("Lines: cumulative distance or time by day of the year, one line a year", chart)],
        table,
    )


def records(marts: duckdb.DuckDBPyConnection, units: Units) -> list[Section]:
    """Best efforts that were a record when they were set: a section for each sport group that has some."""
    rows = query(
        marts,
        """
        select e.sport_group, e.effort_distance_m, e.elapsed_time_s, e.rank_all_time, a.activity_date as day,
            e.activity_id, a.activity_name, e.pace_s_per_km
        from best_efforts e join activities a using (activity_id)
        where e.is_personal_record
        order by e.effort_distance_m, e.elapsed_time_s
        """,
    )
    found = []
    for group in ("foot", "ride", "swim"):
        its = [row for row in rows if row["sport_group"] == group]
        if its:
            found.append(record_section(group, its, units))
    return found


def record_section(group: str, rows: Sequence[Row], units: Units) -> Section:
    measure = Measure.of(group, units)
    names = list(dict.fromkeys(effort_name(row["effort_distance_m"]) for row in rows))
    values = [
        {
            "day": local(row["day"]),
            "distance": effort_name(row["effort_distance_m"]),
            "value": measure.shown(row["pace_s_per_km"]),
            "time": clock(row["elapsed_time_s"]),
            "activity": row["activity_name"] or "",
        }
        for row in rows
    ]
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=CHART_HEIGHT)
        .mark_line(interpolate="step-after", point=alt.OverlayMarkDef(size=40))
        .encode(
            x=alt.X("day:T", title="day of the record", scale=alt.Scale(padding=8)),
            y=measure.axis(),
            color=alt.Color("distance:N", title=None, scale=alt.Scale(domain=names, scheme="tableau10")),
            tooltip=["distance:N", "time:N", alt.Tooltip("day:T", format="%Y-%m-%d"), "activity:N"],
        )
    )

    def cells(row: Row) -> list[Any]:
        url = f"https://www.strava.com/activities/{row['activity_id']}"
        name = html.escape(row["activity_name"] or "without a name")
        return [
            effort_name(row["effort_distance_m"]),
            clock(row["elapsed_time_s"]),
            measure.text(row["pace_s_per_km"]),
            str(row["day"]),
            Link(f'<a href="{url}" rel="noreferrer">{name}</a>'),
        ]

    columns = ["Distance", "Time", measure.unit, "Day", "Activity"]
    best = Table(columns, [cells(row) for row in rows if row["rank_all_time"] == 1])
    return Section(
        f"records-{group}",
        f"Records: {GROUP_NAMES[group].lower()}",
        "The best time over each distance inside any activity, and each time it fell. Higher is faster.",
        [("Steps: the record over each distance, from the day it was set", chart)],
        Table(columns, [cells(row) for row in rows]),
        table_html(best, "The records of today"),
    )


def calendar(marts: duckdb.DuckDBPyConnection, units: Units, week_start: str) -> Section:
    rows = query(
        marts,
        """
        select activity_date as day, count(*) as n, coalesce(sum(moving_time_s), 0) as time_s,
            coalesce(sum(distance_m), 0) as distance_m
        from activities group by all order by day
        """,
    )
    active = {row["day"]: row for row in rows}
    first_weekday = 6 if week_start == "sunday" else 0
    years = list(range(rows[0]["day"].year, rows[-1]["day"].year + 1))
    values = []
    for place, year in enumerate(reversed(years)):
        january = dt.date(year, 1, 1)
        lead = (january.weekday() - first_weekday) % 7
        for number in range((dt.date(year + 1, 1, 1) - january).days):
            day = january + dt.timedelta(days=number)
            its = active.get(day)
            week, weekday = divmod(lead + number, 7)
            values.append(
                {
                    "day": str(day),
                    "x": week,
                    "y": place * 8 + weekday,
                    "h": round(its["time_s"] / 3600, 2) if its else 0,
                    "n": its["n"] if its else 0,
                }
            )
    labels = " : ".join(f"datum.value == {i * 8 + 3.5} ? '{year}'" for i, year in enumerate(reversed(years)))
    chart = (
        alt.Chart(alt.Data(values=values), width="container", height=96 * len(years))
        .mark_rect(cornerRadius=1.5)
        .transform_calculate(x2="datum.x + 0.86", y2="datum.y + 0.86")
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 54], nice=False)),
            x2="x2:Q",
            y=alt.Y(
                "y:Q",
                title=None,
                scale=alt.Scale(domain=[-0.5, 8 * len(years)], reverse=True, nice=False),
                axis=alt.Axis(
                    values=[i * 8 + 3.5 for i in range(len(years))],
                    labelExpr=f"{labels} : ''",
                    grid=False,
                    ticks=False,
                    domain=False,
                ),
            ),
            y2="y2:Q",
            color=alt.condition(
                "datum.n == 0",
                alt.value(EMPTY_DAY),
                alt.Color(
                    "h:Q", title="hours", scale=alt.Scale(scheme="oranges", domainMin=-0.7, clamp=True)
                ),
            ),
            tooltip=[
                "day:N",
                alt.Tooltip("n:Q", title="activities"),
                alt.Tooltip("h:Q", title="hours", format=".1f"),
            ],
        )
    )
    months: dict[str, list[Row]] = {}
    for row in reversed(rows):
        months.setdefault(f"{row['day']:%Y-%m}", []).append(row)
    table = Table(
        ["Month", "Active days", "Activities", "Moving time", units.distance],
        [
            [
                month,
                str(len(its)),
                str(sum(row["n"] for row in its)),
                hours(sum(row["time_s"] for row in its)),
                f"{sum(row['distance_m'] for row in its) / units.distance_m:,.1f}",
            ]
            for month, its in months.items()
        ],
    )
    first = "Sunday" if first_weekday == 6 else "Monday"
    return Section(
        "calendar",
        "Calendar of days",
        f"A square a day, a column a week ({first} on top), the newest year first; the darker, the longer.",
        [("A square for each day, coloured by its moving time", chart)],
        table,
    )


# ---- numbers and HTML


def query(marts: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    result = marts.execute(sql, list(parameters))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def local(day: dt.date | dt.datetime) -> str:
    """A day that JavaScript reads in the reader's time zone, so that it stays the same day there."""
    return f"{day:%Y-%m-%dT00:00:00}"


def hours(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss from an hour on."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def effort_name(distance_m: float) -> str:
    if distance_m in EFFORT_NAMES:
        return EFFORT_NAMES[distance_m]
    return f"{distance_m / 1000:g} km" if distance_m >= 1900 else f"{distance_m:g} m"


def year_colours(count: int) -> list[str]:
    """The last colour is this year's; the earlier years go from pale to strong."""
    earlier = ["#9aa5b1", "#b59b2a", "#c55a8a", "#8f7ad6", "#2fa084", "#3b82c4"]
    return [*(earlier[-(1 + i % len(earlier))] for i in reversed(range(count - 1))), "#e07b39"]


def period_chooser(column: str, values: Sequence[Row]) -> tuple[alt.Parameter, str]:
    """A menu of periods that end with the newest value, and the filter that goes with it."""
    newest = max((value[column] for value in values), default="")
    chooser = alt.param(
        name="days",
        value=366,
        bind=alt.binding_select(
            options=[366, 1096, 36600], labels=["12 months", "3 years", "all"], name="Period "
        ),
    )
    return chooser, f"toDate(datum.{column}) > toDate('{newest}') - days * 864e5"


def tiles(items: Iterable[tuple[str, str]]) -> str:
    lines = (f"<li><strong>{html.escape(a)}</strong> <span>{html.escape(b)}</span></li>" for a, b in items)
    return f'<ul class="tiles">{"".join(lines)}</ul>'


def render(section: Section) -> str:
    parts = [f'<section id="{section.key}" aria-labelledby="{section.key}-title">']
    parts.append(f'<h2 id="{section.key}-title">{html.escape(section.title)}</h2>')
    parts.append(f"<p>{html.escape(section.caption)}</p>{section.html}")
    for number, (description, chart) in enumerate(section.charts):
        key = f"{section.key}-{number}"
        spec = chart.properties(description=description).to_json(indent=None).replace("</", "<\\/")
        parts.append(
            f'<figure role="group" aria-label="{html.escape(description)}">'
            f'<div class="chart" data-spec="{key}"></div>'
            f'<script type="application/json" id="{key}">{spec}</script></figure>'
        )
    if section.table:
        parts.append(
            f"<details><summary>{html.escape(section.title)} as a table</summary>"
            f"{table_html(section.table, section.title)}</details>"
        )
    parts.append("</section>")
    return "\n".join(parts)


def table_html(table: Table, label: str) -> str:
    def cell(tag: str, index: int, value: Any, extra: str = "") -> str:
        text = value if isinstance(value, Link) else html.escape(str(value))
        is_text = index < table.text_columns or isinstance(value, Link)
        return f"<{tag}{extra}{' class=text' if is_text else ''}>{text}</{tag}>"

    head = "".join(cell("th", i, name, ' scope="col"') for i, name in enumerate(table.columns))
    body = "".join(
        f"<tr>{''.join(cell('td', i, value) for i, value in enumerate(row))}</tr>" for row in table.rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(label)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )

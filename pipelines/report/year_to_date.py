"""Year to date: this year against the years before it."""

from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import coloured, figure, menu, wide_chart, year_colours
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import GROUP_NAMES, Units, hours

# A day on which nothing was added is left out, but for the last one of its year: the lines have steps.
BY_DAY = """
    with
    groups as (select distinct sport_type, sport_group from activities),
    days as (
        select year, day_of_year, sport_group, coalesce(sum(distance_m), 0) as distance_m,
            coalesce(sum(moving_time_s), 0) as time_s, sum(activity_count)::bigint as activity_count
        from year_to_date
        join groups using (sport_type)
        group by year, day_of_year, sport_group
    )
    select year, day_of_year, sport_group, distance_m, time_s, activity_count
    from days
    qualify time_s is distinct from lag(time_s) over (partition by year, sport_group order by day_of_year)
        or distance_m is distinct from lag(distance_m) over (partition by year, sport_group order by day_of_year)
        or day_of_year = max(day_of_year) over (partition by year)
    order by sport_group, year, day_of_year
"""
TODAY = """
    select max(year) as year, max(day_of_year) filter (year = (select max(year) from year_to_date)) as day_of_year
    from year_to_date
"""
THIS_YEAR_WIDTH, OTHER_YEAR_WIDTH = 3.5, 1.5


def year_to_date_section(marts: Marts, units: Units) -> Section:
    """A line a year of the sport group that the reader chooses."""
    rows = query(marts, BY_DAY)
    [today] = query(marts, TODAY)
    return Section(
        "years",
        "Year to date",
        "What had come together by each day of the year; this year is the thick line.",
        figures=[
            figure(
                "Lines: cumulative distance or time by day of the year, one line a year",
                _chart(rows, today["year"], units),
                _values(rows, units),
            )
        ],
        table=_table(rows, today["day_of_year"], units),
    )


def _values(rows: Sequence[Row], units: Units) -> list[Row]:
    return [
        {
            "day": row["day_of_year"],
            "year": str(row["year"]),
            "group": row["sport_group"],
            "distance": round(units.distance.of(row["distance_m"]), 1),
            "hours": round(row["time_s"] / 3600, 1),
        }
        for row in rows
    ]


def _groups(rows: Sequence[Row]) -> list[str]:
    found = {row["sport_group"] for row in rows}
    return [group for group in GROUP_NAMES if group in found]


def _chart(rows: Sequence[Row], this_year: int, units: Units) -> alt.Chart:
    groups, years = _groups(rows), sorted({row["year"] for row in rows})
    longest_m = {g: max(row["distance_m"] for row in rows if row["sport_group"] == g) for g in groups}
    length = units.distance.name
    sports = menu(
        "group",
        "Sports",
        {group: GROUP_NAMES[group] for group in groups},
        chosen=max(groups, key=lambda group: longest_m[group]),
    )
    measures = {"distance": f"distance, {length}", "hours": "moving time, hours"}
    chart: alt.Chart = (
        wide_chart()
        .mark_line(interpolate="step-after", point=len(rows) < 5)
        .transform_filter("datum.group == group")
        .transform_calculate(shown="datum[measure]", is_now=f"datum.year == '{this_year}'")
        .encode(
            x=alt.X("day:Q", title="day of the year", scale=alt.Scale(domain=[1, 366], nice=False)),
            y=alt.Y("shown:Q", title=None),
            color=coloured("year:N", [str(year) for year in years], year_colours(len(years))),
            strokeWidth=alt.StrokeWidth(
                "is_now:O",
                legend=None,
                scale=alt.Scale(domain=[True, False], range=[THIS_YEAR_WIDTH, OTHER_YEAR_WIDTH]),
            ),
            tooltip=[
                "year:N",
                alt.Tooltip("day:Q", title="day"),
                alt.Tooltip("distance:Q", title=length, format=",.0f"),
                alt.Tooltip("hours:Q", format=",.0f"),
            ],
        )
        .add_params(sports, menu("measure", "Show", measures, chosen="distance"))
    )
    return chart


def _table(rows: Sequence[Row], today: int, units: Units) -> Table:
    """A line for each year and sport group with an activity, the newest year first."""
    by_line: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        by_line.setdefault((row["year"], row["sport_group"]), []).append(row)
    length = units.distance
    lines = []
    for year in sorted({row["year"] for row in rows}, reverse=True):
        for group in _groups(rows):
            days = by_line.get((year, group), [])
            if not days or not days[-1]["activity_count"]:
                continue
            whole = days[-1]
            to_day = next((row for row in reversed(days) if row["day_of_year"] <= today), None)
            lines.append(
                [
                    str(year),
                    GROUP_NAMES[group],
                    f"{length.of(to_day['distance_m'] if to_day else 0):,.0f}",
                    hours(to_day["time_s"] if to_day else 0),
                    f"{length.of(whole['distance_m']):,.0f}",
                    hours(whole["time_s"]),
                    f"{whole['activity_count']}",
                ]
            )
    to_date, whole_year = f"to day {today}", "whole year"
    columns = ["Year", "Sports", f"{length.name} {to_date}", f"Time {to_date}"]
    columns += [f"{length.name}, {whole_year}", f"Time, {whole_year}", "Activities"]
    return Table(columns, lines, text_columns=2)

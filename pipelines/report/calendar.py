"""The calendar: a square for each day of each year."""

import datetime as dt
from collections.abc import Sequence

import altair as alt

from pipelines.report.charts import figure, wide_chart
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import Units, hours

BY_DAY = """
    select activity_date as day, count(*) as activity_count, coalesce(sum(moving_time_s), 0) as time_s,
        coalesce(sum(distance_m), 0) as distance_m
    from activities
    group by activity_date
    order by day
"""
EMPTY_DAY = "#8888882b"
# A year is as high as its seven days and a space; a year touches 54 weeks at most.
YEAR_HEIGHT, YEAR_HEIGHT_PX, YEAR_MIDDLE = 8, 96, 3.5
WEEKS_SHOWN = 54
SQUARE_SIZE = 0.86
# datetime.date.weekday() of the day that begins a week.
FIRST_WEEKDAYS = {"monday": 0, "sunday": 6}


def calendar_section(marts: Marts, units: Units, week_start: str) -> Section:
    """Of a history with one activity at least; `week_start` is the day on top of each column."""
    rows = query(marts, BY_DAY)
    years = list(range(rows[-1]["day"].year, rows[0]["day"].year - 1, -1))
    return Section(
        "calendar",
        "Calendar of days",
        f"A square a day, a column a week ({week_start.capitalize()} on top), the newest year first; "
        "the darker, the longer.",
        figures=[
            figure(
                "A square for each day, coloured by its moving time",
                _chart(years),
                _values(rows, years, FIRST_WEEKDAYS[week_start]),
            )
        ],
        table=_table(rows, units),
    )


def _values(rows: Sequence[Row], years: Sequence[int], first_weekday: int) -> list[Row]:
    """Every day of the years, in short: x and y are its place, h its hours, n the number of activities."""
    active = {row["day"]: row for row in rows}
    values = []
    for place, year in enumerate(years):
        january = dt.date(year, 1, 1)
        lead = (january.weekday() - first_weekday) % 7
        for number in range((dt.date(year + 1, 1, 1) - january).days):
            day = january + dt.timedelta(days=number)
            row = active.get(day)
            week, weekday = divmod(lead + number, 7)
            values.append(
                {
                    "day": str(day),
                    "x": week,
                    "y": place * YEAR_HEIGHT + weekday,
                    "h": round(row["time_s"] / 3600, 2) if row else 0,
                    "n": row["activity_count"] if row else 0,
                }
            )
    return values


def _chart(years: Sequence[int]) -> alt.Chart:
    middles = [place * YEAR_HEIGHT + YEAR_MIDDLE for place in range(len(years))]
    labels = " : ".join(
        f"datum.value == {middle} ? '{year}'" for middle, year in zip(middles, years, strict=True)
    )
    axis = alt.Axis(values=middles, labelExpr=f"{labels} : ''", grid=False, ticks=False, domain=False)
    height = alt.Scale(domain=[-0.5, YEAR_HEIGHT * len(years)], reverse=True, nice=False)
    # The scale begins below zero: the shortest activity is to be told from an empty day.
    shades = alt.Scale(scheme="oranges", domainMin=-0.7, clamp=True)
    chart: alt.Chart = (
        wide_chart(height=YEAR_HEIGHT_PX * len(years))
        .mark_rect(cornerRadius=1.5)
        .transform_calculate(x2=f"datum.x + {SQUARE_SIZE}", y2=f"datum.y + {SQUARE_SIZE}")
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, WEEKS_SHOWN], nice=False)),
            x2="x2:Q",
            y=alt.Y("y:Q", title=None, scale=height, axis=axis),
            y2="y2:Q",
            color=alt.condition(
                "datum.n == 0", alt.value(EMPTY_DAY), alt.Color("h:Q", title="hours", scale=shades)
            ),
            tooltip=[
                "day:N",
                alt.Tooltip("n:Q", title="activities"),
                alt.Tooltip("h:Q", title="hours", format=".1f"),
            ],
        )
    )
    return chart


def _table(rows: Sequence[Row], units: Units) -> Table:
    months: dict[str, list[Row]] = {}
    for row in reversed(rows):
        months.setdefault(f"{row['day']:%Y-%m}", []).append(row)
    return Table(
        ["Month", "Active days", "Activities", "Moving time", units.distance.name],
        [
            [
                month,
                str(len(days)),
                str(sum(row["activity_count"] for row in days)),
                hours(sum(row["time_s"] for row in days)),
                f"{units.distance.of(sum(row['distance_m'] for row in days)):,.1f}",
            ]
            for month, days in months.items()
        ],
    )

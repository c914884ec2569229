"""Year to date: this year against the years before it."""

from collections.abc import Sequence

from pipelines.report.colours import year_colours
from pipelines.report.marts import Marts, Row, query
from pipelines.report.section import Section, Table
from pipelines.report.units import GROUP_NAMES, Units, hours
from pipelines.report.vegalite import Specification, coloured, faded, figure, hover, menu, picked, spoken

TODAY = """
    select max(year) as year, max(day_of_year) filter (year = (select max(year) from year_to_date)) as day_of_year
    from year_to_date
"""
# Each seventh day, counted from today's back: this year's line ends today. Of each group, and of all together.
BY_DAY = f"""
    with
    groups as (select distinct sport_type, sport_group from activities),
    today as ({TODAY}),
    last_days as (select year, max(day_of_year) as day_of_year from year_to_date group by year)
    select y.year, y.day_of_year, coalesce(g.sport_group, 'all') as sport_group,
        coalesce(sum(y.distance_m), 0) as distance_m, coalesce(sum(y.moving_time_s), 0) as time_s,
        sum(y.activity_count)::bigint as activity_count
    from year_to_date y
    join groups g using (sport_type)
    join last_days l using (year)
    cross join today t
    where (y.day_of_year - t.day_of_year) % 7 = 0 or y.day_of_year in (1, l.day_of_year)
    group by grouping sets ((y.year, y.day_of_year, g.sport_group), (y.year, y.day_of_year))
    order by sport_group, y.year, y.day_of_year
"""
THIS_YEAR_WIDTH, OTHER_YEAR_WIDTH = 3.5, 1.5
MONTH_STARTS = [1, 32, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335]


def year_to_date_section(marts: Marts, units: Units) -> Section:
    """A line a year, of the sports that the page shows."""
    rows = query(marts, BY_DAY)
    [today] = query(marts, TODAY)
    return Section(
        "year-to-date",
        "Year to date",
        "What had come together by each day of the year; this year is the thick line. It follows the page's sports, "
        "and shows all years whatever the period.",
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


def _chart(rows: Sequence[Row], this_year: int, units: Units) -> Specification:
    years = [str(year) for year in sorted({row["year"] for row in rows})]
    length = units.distance.name
    measures = {"distance": f"distance, {length}", "hours": "moving time, hours"}
    month = "timeFormat(datetime(2023, 0, datum.value), '%b')"
    x = {
        "field": "day",
        "type": "quantitative",
        "title": None,
        "axis": {"values": MONTH_STARTS, "labelExpr": month, "labelAlign": "left", "labelOverlap": True},
        "scale": {"domain": [1, 366], "nice": False},
    }
    return {
        "params": [menu("measure", "Show", measures, chosen="distance")],
        "transform": [
            {"filter": "datum.group == sports"},
            {"calculate": "datum[measure]", "as": "shown"},
        ],
        "layer": [
            {
                "mark": {"type": "line", "point": len({row["day_of_year"] for row in rows}) < 3},
                "params": [picked("year")],
                "encoding": {
                    "x": x,
                    "y": {"field": "shown", "type": "quantitative", "title": None},
                    "color": coloured("year", years, year_colours(len(years))),
                    "strokeWidth": {
                        "condition": {"test": f"datum.year == '{this_year}'", "value": THIS_YEAR_WIDTH},
                        "value": OTHER_YEAR_WIDTH,
                    },
                    "opacity": faded(),
                    **spoken("datum.year"),
                },
            },
            hover(
                x,
                "datum.year + ': ' + format(datum.distance, ',.0f') + "
                f"' {length}, ' + format(datum.hours, ',.0f') + ' h'",
                "until",
                "timeFormat(datetime(2023, 0, datum.day), '%-d %b')",
            ),
        ],
    }


def _table(rows: Sequence[Row], today: int, units: Units) -> Table:
    """A line for each year and sport group with an activity, the newest year first."""
    by_line: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        by_line.setdefault((row["year"], row["sport_group"]), []).append(row)
    length = units.distance
    lines = []
    for year in sorted({row["year"] for row in rows}, reverse=True):
        for group, name in GROUP_NAMES.items():
            days = by_line.get((year, group), [])
            if not days or not days[-1]["activity_count"]:
                continue
            whole = days[-1]
            to_day = next((row for row in reversed(days) if row["day_of_year"] <= today), None)
            lines.append(
                [
                    str(year),
                    name,
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

"""The calendar: a square for each day of each year."""

import datetime as dt
from collections.abc import Sequence

from pipelines.report.marts import Marts, Row, latest_day, query
from pipelines.report.section import Section, Table
from pipelines.report.units import Units, hours
from pipelines.report.vegalite import DAY_FORMAT, OF_SPORTS, Specification, day_text, figure, spoken

BY_DAY = """
    select activity_date as day, sport_group, count(*) as activity_count, coalesce(sum(moving_time_s), 0) as time_s,
        coalesce(sum(distance_m), 0) as distance_m
    from activities
    group by activity_date, sport_group
    order by day, sport_group
"""
EMPTY_DAY = "#8888882b"
MONTH_LINE = "#8888888c"
MONTH_NAME = "#808a98"
# A year is as high as its seven days, a line with the names of the months, and a space.
YEAR_HEIGHT, YEAR_HEIGHT_PX, YEAR_MIDDLE, NAMES_ABOVE = 9, 100, 3.5, -0.35
TOP, BELOW_LAST = -1.2, 1.5
# A year touches 54 weeks at most.
WEEKS_SHOWN = 54
SQUARE_SIZE = 0.86
SQUARE = {"type": "rect", "cornerRadius": 1.5}
DAY = {"field": "day", "type": "temporal", "format": DAY_FORMAT}
# datetime.date.weekday() of the day that begins a week; Vega counts from Sunday.
FIRST_WEEKDAYS = {"monday": 0, "sunday": 6}


def calendar_section(marts: Marts, units: Units, week_start: str) -> Section:
    """Of a history with one activity at least; `week_start` is the day on top of each column."""
    rows = query(marts, BY_DAY)
    years = range(latest_day(marts).year, rows[0]["day"].year - 1, -1)
    first_weekday = FIRST_WEEKDAYS[week_start]
    return Section(
        "calendar",
        "Calendar of days",
        f"A square a day, a column a week ({week_start.capitalize()} on top), the newest year first; the stronger its "
        "colour, the longer. It follows the page's sports, and shows all years whatever the period.",
        figures=[
            figure(
                "A square for each day, coloured by its moving time",
                _chart(years, first_weekday),
                [
                    {
                        "day": row["day"],
                        "group": row["sport_group"],
                        "n": row["activity_count"],
                        "h": round(row["time_s"] / 3600, 2),
                    }
                    for row in rows
                ],
            )
        ],
        table=_table(rows, units),
    )


def _place(years: Sequence[int], first_weekday: int) -> list[Specification]:
    """The transforms that put the field `day` at its square: x and y, x2 and y2."""
    lead = f"(day(datetime(year(datum.day), 0, 1)) + 6 - {first_weekday}) % 7"
    number = f"(dayofyear(datum.day) - 1 + {lead})"
    top = f"({years[0]} - year(datum.day)) * {YEAR_HEIGHT}"
    return [
        {"calculate": f"floor({number} / 7)", "as": "x"},
        {"calculate": f"{top} + {number} % 7", "as": "y"},
        {"calculate": f"datum.x + {SQUARE_SIZE}", "as": "x2"},
        {"calculate": f"datum.y + {SQUARE_SIZE}", "as": "y2"},
    ]


def _month_borders(years: Sequence[int], first_weekday: int) -> tuple[list[Row], list[Row]]:
    """The lines between months, and the place of each month's name."""
    gap = (1 - SQUARE_SIZE) / 2
    lines, names = [], []
    for place, year in enumerate(years):
        top, bottom = place * YEAR_HEIGHT - gap, place * YEAR_HEIGHT + 7 - gap
        lead = (dt.date(year, 1, 1).weekday() - first_weekday) % 7
        for month in range(1, 13):
            first = dt.date(year, month, 1)
            week, weekday = divmod(lead + first.timetuple().tm_yday - 1, 7)
            x, y = week - gap, place * YEAR_HEIGHT + weekday - gap
            names.append({"x": week + (1 if weekday else 0), "y": top + NAMES_ABOVE, "name": f"{first:%b}"})
            if month > 1:
                lines.append({"x": x, "y": y, "x2": x, "y2": bottom})
                if weekday:
                    lines.append({"x": x, "y": y, "x2": x + 1, "y2": y})
                    lines.append({"x": x + 1, "y": top, "x2": x + 1, "y2": y})
    return lines, names


def _square(years: Sequence[int]) -> Specification:
    """The encoding of what has a place in the calendar."""
    middles = [number * YEAR_HEIGHT + YEAR_MIDDLE for number in range(len(years))]
    labels = " : ".join(
        f"datum.value == {middle} ? '{year}'" for middle, year in zip(middles, years, strict=True)
    )
    return {
        "x": {
            "field": "x",
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": [0, WEEKS_SHOWN], "nice": False},
        },
        "x2": {"field": "x2"},
        "y": {
            "field": "y",
            "type": "quantitative",
            "title": None,
            "scale": {
                "domain": [TOP, YEAR_HEIGHT * len(years) - BELOW_LAST],
                "reverse": True,
                "nice": False,
            },
            "axis": {
                "values": middles,
                "labelExpr": f"{labels} : ''",
                "grid": False,
                "ticks": False,
                "domain": False,
                "labelPadding": 8,
            },
        },
        "y2": {"field": "y2"},
    }


def _chart(years: Sequence[int], first_weekday: int) -> Specification:
    """From bottom to top: the days, the active ones among them, the borders of months and their names."""
    lines, names = _month_borders(years, first_weekday)
    square = _square(years)
    return {
        "height": YEAR_HEIGHT_PX * len(years),
        "layer": [
            _all_days(years, first_weekday, square),
            _active_days(years, first_weekday, square),
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "color": MONTH_LINE, "aria": False},
                "encoding": square,
            },
            {
                "data": {"values": names},
                "mark": {
                    "type": "text",
                    "align": "left",
                    "baseline": "bottom",
                    "fontSize": 10,
                    "color": MONTH_NAME,
                    "aria": False,
                },
                "encoding": {"x": square["x"], "y": square["y"], "text": {"field": "name"}},
            },
        ],
    }


def _all_days(years: Sequence[int], first_weekday: int, square: Specification) -> Specification:
    first, end = dt.date(years[-1], 1, 1), dt.date(years[0] + 1, 1, 1)
    return {
        "data": {"sequence": {"start": 0, "stop": (end - first).days, "as": "number"}},
        "transform": [
            {"calculate": f"datetime({first.year}, 0, 1 + datum.number)", "as": "day"},
            *_place(years, first_weekday),
        ],
        "mark": {**SQUARE, "color": EMPTY_DAY, "aria": False},
        "encoding": {**square, "tooltip": [DAY]},
    }


def _active_days(years: Sequence[int], first_weekday: int, square: Specification) -> Specification:
    sums = [
        {"op": "sum", "field": "h", "as": "hours"},
        {"op": "sum", "field": "n", "as": "activities"},
    ]
    return {
        "transform": [OF_SPORTS, {"aggregate": sums, "groupby": ["day"]}, *_place(years, first_weekday)],
        "mark": SQUARE,
        "encoding": {
            **square,
            "color": {
                "field": "hours",
                "type": "quantitative",
                "title": "hours",
                # Of the reader's scheme, light or dark: draw.js has them.
                "scale": {"range": "ramp", "domainMin": 0},
                "legend": {"format": ".1~f", "gradientLength": 160},
            },
            **spoken(f"{day_text()} + ', ' + format(datum.hours, '.1f') + ' h'"),
            "tooltip": [
                DAY,
                {"field": "activities", "type": "quantitative"},
                {"field": "hours", "type": "quantitative", "format": ".1f"},
            ],
        },
    }


def _table(rows: Sequence[Row], units: Units) -> Table:
    months: dict[str, list[Row]] = {}
    for row in reversed(rows):
        months.setdefault(f"{row['day']:%Y-%m}", []).append(row)
    return Table(
        ["Month", "Active days", "Activities", "Moving time", units.distance.name],
        [
            [
                month,
                str(len({row["day"] for row in days})),
                str(sum(row["activity_count"] for row in days)),
                hours(sum(row["time_s"] for row in days)),
                f"{units.distance.of(sum(row['distance_m'] for row in days)):,.1f}",
            ]
            for month, days in months.items()
        ],
    )

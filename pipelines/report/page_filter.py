"""The filter of the whole page: which periods and sports the reader may choose."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.report.marts import Marts, latest_day, query
from pipelines.report.units import GROUP_NAMES

SPAN = """
    select min(activity_date) as first_day,
        min(least(week_start_date, date_trunc('month', activity_date)::date)) as first_start, max(activity_date) as last_day, list(distinct sport_group) as groups
    from activities
"""
# Of the choice that the page begins with, and of the next one.
SHORT_DAYS, LONG_DAYS = 365, 3 * 365


class Period(NamedTuple):
    """A choice of days, both included; without `first` all days of the history."""

    name: str
    first: str
    last: str


@dataclass(frozen=True)
class PageFilter:
    """What the reader may choose, and the period by name that the page begins with.

    `first` and `last` bound the whole history: from the start of its first week and month, where the charts of weeks and
    months begin, to the day on which the marts were built.
    """

    first: str
    last: str
    periods: list[Period]
    begins_with: str
    groups: dict[str, str]


def page_filter(marts: Marts) -> PageFilter:
    """Of a history with one activity at least."""
    [span] = query(marts, SPAN)
    # An activity may stand in the future: a device's clock was wrong.
    first, today = span["first_day"], max(latest_day(marts), span["last_day"])
    periods = [
        Period("12 months", str(today - dt.timedelta(SHORT_DAYS)), str(today)),
        Period("3 years", str(today - dt.timedelta(LONG_DAYS)), str(today)),
        Period("all", "", str(today)),
        *(
            Period(str(year), f"{year}-01-01", f"{year}-12-31")
            for year in range(today.year, first.year - 1, -1)
        ),
    ]
    groups = {group: name for group, name in GROUP_NAMES.items() if group in span["groups"]}
    is_recent = span["last_day"] > today - dt.timedelta(SHORT_DAYS)
    return PageFilter(
        str(span["first_start"]), str(today), periods, "12 months" if is_recent else "all", groups
    )

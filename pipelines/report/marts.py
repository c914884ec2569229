"""The marts as the sections read them: a query's rows, by the names of their columns."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from pipelines.errors import visible

Marts = duckdb.DuckDBPyConnection
Row = dict[str, Any]


def query(marts: Marts, sql: str, *parameters: object) -> list[Row]:
    """The rows of a query; each `?` in it takes one of the parameters.

    Control characters in texts are spelled out: Vega's expressions take no line separator, not even in quotes. A text
    of a row is therefore to be looked at, not to be asked for in another query.
    """
    result = marts.execute(sql, list(parameters))
    names = [column[0] for column in result.description or []]
    return [
        {
            name: visible(value) if isinstance(value, str) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in result.fetchall()
    ]


def by_group(rows: Sequence[Row], groups: Iterable[str]) -> dict[str, list[Row]]:
    """The rows of each sport group that has any, in the order of `groups`."""
    found = {group: [row for row in rows if row["sport_group"] == group] for group in groups}
    return {group: of_group for group, of_group in found.items() if of_group}


def latest_week(marts: Marts) -> dt.date:
    """The first day of the week in which the marts were built; of a history with one activity at least."""
    [row] = query(marts, "select max(week_start_date) as week from weekly_volume")
    week: dt.date = row["week"]
    return week


def latest_day(marts: Marts) -> dt.date:
    """The day on which the marts were built; of a history with one activity at least."""
    [row] = query(marts, "select max(load_date) as day from daily_training_load")
    day: dt.date = row["day"]
    return day

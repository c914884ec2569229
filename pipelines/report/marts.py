"""The marts as the sections read them: a query's rows, by the names of their columns."""

from typing import Any

import duckdb

Marts = duckdb.DuckDBPyConnection
Row = dict[str, Any]


def query(marts: Marts, sql: str, *parameters: object) -> list[Row]:
    """The rows of a query; each `?` in it takes one of the parameters."""
    result = marts.execute(sql, list(parameters))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

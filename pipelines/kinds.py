"""The kinds of columns in `strava_raw`, and a value as one of them."""

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

# An instant is a moment in UTC; a wall clock is a date and time without a zone.
Kind = Literal["int64", "int32", "double", "text", "bool", "instant", "wall_clock"]


def arrow_type(kind: Kind) -> "pa.DataType":
    """Return Arrow's type of a kind. Imported late: `make status` needs names only, and is waited for."""
    import pyarrow as pa

    match kind:
        case "text":
            return pa.string()
        case "instant":
            return pa.timestamp("us", tz="UTC")
        case "wall_clock":
            return pa.timestamp("us")
        case _:
            return pa.type_for_alias(kind)


def coerce(value: Any, kind: Kind) -> Any:
    """Return the value as its column's kind, or `None` where it does not fit."""
    if value is None:
        return None
    if kind == "text":
        if isinstance(value, str):
            return valid_text(value)
        if isinstance(value, list | dict):
            return valid_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return str(value)
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind in ("instant", "wall_clock"):
        return _timestamp(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == "double":
        number = float(value) if abs(value) < 1e308 else math.inf
        return number if math.isfinite(number) else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = round(value)
    limit = 2 ** (63 if kind == "int64" else 31)
    return value if -limit <= value < limit else None


def _timestamp(value: Any, kind: Kind) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    if kind == "wall_clock":
        return value.replace(tzinfo=None)
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError:
        return None


def valid_text(value: str) -> str:
    """Return the text without lone surrogates, which are valid JSON and no valid text."""
    return value.encode("utf-8", "replace").decode("utf-8")

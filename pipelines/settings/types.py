"""The types of keys: a check, and the words for whoever fails it.

Pydantic checks the values. What it says about them never reaches a person, as it might show a secret: each type
brings its own words for "must be ...".
"""

import datetime as dt
import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from pipelines import addresses

STREAM_TYPES = (
    "time",
    "distance",
    "latlng",
    "altitude",
    "velocity_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
    "moving",
    "grade_smooth",
)
# Ten zones: more than any watch or site has.
MOST_ZONE_BOUNDS = 9
PACES_S_PER_KM = (120, 1200)


class Section(BaseModel):
    """A table of config.toml: its keys and no others."""

    # Built once, as parts of Settings: building each for itself, too, would take as long again.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class EnvironmentText(str):
    """The value of an environment variable, where a number or a list is written as text, too."""


def must_be(words: str) -> PydanticCustomError:
    """Return the complaint that a value must be what these words say."""
    return PydanticCustomError("must_be", "{words}", {"words": words})


def _must_be(words: str) -> WrapValidator:
    """Replace whatever the type's checks complain about by these words."""

    def check(value: object, checks: ValidatorFunctionWrapHandler) -> object:
        try:
            return checks(value)
        except ValidationError:
            raise must_be(words) from None

    return WrapValidator(check)


def _between(lowest: float, highest: float, unit: str) -> WrapValidator:
    """Let only numbers between these two pass, both included."""
    words = f"a number from {lowest:g} to {highest:g} ({unit})"

    def check(value: object, checks: ValidatorFunctionWrapHandler) -> float:
        try:
            number: float = checks(value)
        except ValidationError:
            raise must_be(words) from None
        if not lowest <= number <= highest:
            raise must_be(words)
        return number

    return WrapValidator(check)


def _rising(lowest: float, highest: float, unit: str, otherwise: str) -> WrapValidator:
    """Let only lists of numbers between these two pass, each above the one before it."""
    words = (
        f"a list of up to {MOST_ZONE_BOUNDS} rising numbers from {lowest:g} to {highest:g} ({unit}), "
        f"the lower bounds of zones 2 and up, or [] for {otherwise}"
    )

    def check(value: object, checks: ValidatorFunctionWrapHandler) -> tuple[float, ...]:
        try:
            bounds: tuple[float, ...] = checks(value)
        except ValidationError:
            raise must_be(words) from None
        rises = all(below < above for below, above in pairwise(bounds))
        fits = not bounds or lowest <= bounds[0] <= bounds[-1] <= highest
        if len(bounds) > MOST_ZONE_BOUNDS or not rises or not fits:
            raise must_be(words)
        return bounds

    return WrapValidator(check)


def _number(value: object) -> object:
    return float(value) if isinstance(value, EnvironmentText) else value


def _day(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.date()
    return dt.date.fromisoformat(value.strip()) if isinstance(value, str) else value


def _address(text: str) -> str:
    text = text.rstrip("/")
    if not addresses.is_safe(text):
        raise ValueError
    return text


def _items(value: object) -> object:
    """Return the list that the environment writes as `a, b` or `[a, b]`."""
    if isinstance(value, EnvironmentText):
        return [item.strip(" \"'") for item in value.strip("[] ").split(",") if item.strip()]
    return value


def _stream_types(value: object) -> tuple[str, ...]:
    value = _items(value)
    if not isinstance(value, list) or any(item not in STREAM_TYPES for item in value):
        raise ValueError
    # Without time a sample has no place: it is always asked for.
    return tuple(kind for kind in STREAM_TYPES if kind in value or kind == "time")


def _bounds(value: object) -> object:
    items = _items(value)
    if not isinstance(items, list):
        raise ValueError
    return tuple(map(float, items)) if isinstance(value, EnvironmentText) else tuple(items)


def _pace(value: object) -> object:
    """Return seconds per kilometre of a number of them, or of minutes and seconds."""
    if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d{1,2}):([0-5]\d(?:\.\d+)?)\s*", value)):
        return 60 * int(found[1]) + float(found[2])
    return _number(value)


def _possible_pace(value: object, checks: ValidatorFunctionWrapHandler) -> float:
    fastest, slowest = PACES_S_PER_KM
    words = f"seconds per kilometre from {fastest} to {slowest}, or minutes and seconds in quotes such as "
    try:
        pace_s: float = checks(value)
    except ValidationError:
        raise must_be(words + '"4:15"') from None
    if fastest <= pace_s <= slowest:
        return pace_s
    # Most often these are minutes: of those we can say what to write.
    if fastest <= round(60 * pace_s, 6) <= slowest:
        minutes, seconds = divmod(round(60 * pace_s), 60)
        raise must_be(f'{words}"{minutes}:{seconds:02}", which {pace_s:g} minutes are')
    raise must_be(words + '"4:15"')


def _zone(text: str) -> str:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError from None
    return text


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


_Text = Annotated[str, Field(strict=True, min_length=1), BeforeValidator(_strip)]
_Float = Annotated[float, Field(strict=True), BeforeValidator(_number)]
_Bounds = Annotated[tuple[Annotated[float, Field(strict=True)], ...], BeforeValidator(_bounds)]

Text = Annotated[_Text, _must_be("a text in quotes")]
Address = Annotated[_Text, AfterValidator(_address), _must_be(addresses.REQUIRED)]
Day = Annotated[dt.date, Field(strict=True), BeforeValidator(_day), _must_be('a date such as "2020-01-31"')]
FromZero = Annotated[_Float, Field(ge=0, lt=1e6), _must_be("a number from 0")]
WeekStart = Annotated[Literal["monday", "sunday"], BeforeValidator(_strip), _must_be('"monday" or "sunday"')]
Units = Annotated[Literal["metric", "imperial"], BeforeValidator(_strip), _must_be('"metric" or "imperial"')]
Zone = Annotated[_Text, AfterValidator(_zone), _must_be('the name of a time zone such as "Europe/Berlin"')]
StreamTypes = Annotated[
    tuple[str, ...],
    BeforeValidator(_stream_types),
    _must_be(f"a list of stream types out of {', '.join(STREAM_TYPES)}"),
]
# Left out when settings are printed.
Secret = Annotated[Text | None, Field(repr=False)]

ZoneRadius = Annotated[_Float, _between(0, 5000, "metres; 0 for no privacy zones")]

# Of [athlete]: what is outside these no body has.
Sex = Annotated[Literal["M", "F"], BeforeValidator(_strip), _must_be('"M" or "F"')]
MaxHeartrate = Annotated[_Float, _between(100, 240, "beats per minute")]
RestingHeartrate = Annotated[_Float, _between(25, 120, "beats per minute")]
ThresholdHeartrate = Annotated[_Float, _between(25, 240, "beats per minute")]
Power = Annotated[_Float, _between(30, 600, "watts")]
Weight = Annotated[_Float, _between(25, 250, "kilograms")]
Pace = Annotated[float, Field(strict=True), BeforeValidator(_pace), WrapValidator(_possible_pace)]
HeartrateZones = Annotated[_Bounds, _rising(25, 240, "beats per minute", "those of Strava or the default")]
PowerZones = Annotated[_Bounds, _rising(1, 1000, "per cent of FTP", "the default")]
GapModel = Annotated[
    Literal["heartrate", "energy"], BeforeValidator(_strip), _must_be('"heartrate" or "energy"')
]
TimeConstant = Annotated[_Float, _between(1, 365, "days")]
MarathonExponent = Annotated[_Float, _between(1, 1.5, "1.06 fades as little as over shorter distances")]
LoadPerHour = Annotated[_Float, _between(0, 500, "load of an hour")]

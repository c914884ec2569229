"""config.toml with the environment on top: each key is one line here, with its type, check and default.

Pydantic checks the values. What it says about them never reaches a person, as it might show a secret: each type
brings its own words for "must be ...".
"""

import datetime as dt
import os
import tomllib
from pathlib import Path
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
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from pipelines import addresses
from pipelines.errors import UserError
from pipelines.files import read_private
from pipelines.playground import Playground

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
PLACEHOLDER = "…"


# ---- the types of keys: a check, and the words for whoever fails it


class EnvironmentText(str):
    """The value of an environment variable, where a number or a list is written as text, too."""


def _must_be(words: str) -> WrapValidator:
    """Replace whatever the type's checks complain about by these words."""

    def check(value: object, checks: ValidatorFunctionWrapHandler) -> object:
        try:
            return checks(value)
        except ValidationError:
            raise PydanticCustomError("must_be", "{words}", {"words": words}) from None

    return WrapValidator(check)


def _number(value: object) -> object:
    return float(value) if isinstance(value, EnvironmentText) else value


def _day(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.date()
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _address(text: str) -> str:
    text = text.rstrip("/")
    if not addresses.is_safe(text):
        raise ValueError
    return text


def _stream_types(value: object) -> tuple[str, ...]:
    if isinstance(value, EnvironmentText):
        value = [item.strip(" \"'") for item in value.strip("[] ").split(",") if item.strip()]
    if not isinstance(value, list) or any(item not in STREAM_TYPES for item in value):
        raise ValueError
    # Without time a sample has no place: it is always asked for.
    return tuple(kind for kind in STREAM_TYPES if kind in value or kind == "time")


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
_Number = Annotated[float, Field(strict=True, ge=0, lt=1e6), BeforeValidator(_number)]

Text = Annotated[_Text, _must_be("a text in quotes")]
Address = Annotated[_Text, AfterValidator(_address), _must_be(addresses.REQUIRED)]
Day = Annotated[dt.date, Field(strict=True), BeforeValidator(_day), _must_be('a date such as "2020-01-31"')]
FromZero = Annotated[_Number, _must_be("a number from 0")]
AboveZero = Annotated[_Number, Field(gt=0), _must_be("a number above 0")]
Sex = Annotated[Literal["M", "F"], BeforeValidator(_strip), _must_be('"M" or "F"')]
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


# ---- the keys


class _Section(BaseModel):
    # Built once, as parts of Settings: building each for itself, too, would take as long again.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class Strava(_Section):
    """`[strava]`: credentials and how much to read."""

    client_id: Text | None = None
    client_secret: Secret = None
    code: Secret = None
    api_url: Address = "https://www.strava.com/api/v3"
    oauth_url: Address = "https://www.strava.com/oauth"
    start_date: Day | None = None
    lookback_days: FromZero = 30
    full_listing_hours: FromZero = 24
    streams: StreamTypes = STREAM_TYPES


class Athlete(_Section):
    """`[athlete]`: what Strava does not know or the user knows better; `None` means unknown."""

    max_heartrate_bpm: AboveZero | None = None
    resting_heartrate_bpm: AboveZero | None = None
    threshold_heartrate_bpm: AboveZero | None = None
    ftp_w: AboveZero | None = None
    threshold_pace_s_per_km: AboveZero | None = None
    sex: Sex | None = None
    weight_kg: AboveZero | None = None


class Marts(_Section):
    """`[marts]`: how the marts are built."""

    week_start: WeekStart = "monday"


class Import(_Section):
    """`[import]`: how archives are read."""

    timezone: Zone | None = None


class Report(_Section):
    """`[report]`: how the report shows them."""

    units: Units = "metric"


class Settings(_Section):
    """All sections."""

    strava: Strava = Field(default_factory=Strava)
    athlete: Athlete = Field(default_factory=Athlete)
    marts: Marts = Field(default_factory=Marts)
    import_: Import = Field(default_factory=Import, alias="import")
    report: Report = Field(default_factory=Report)


SECTIONS: dict[str, type[BaseModel]] = {
    "strava": Strava,
    "athlete": Athlete,
    "marts": Marts,
    "import": Import,
    "report": Report,
}
# dlt's own names: a key of [strava] belongs to the source "strava".
ENVIRONMENT_PREFIX = {"strava": "SOURCES__STRAVA__"}


# ---- reading them


def load_settings(playground: Playground, *, credentials: bool = False) -> Settings:
    """Read config.toml and the environment.

    Args:
        playground: Where config.toml is; without the file all keys have their defaults.
        credentials: Whether the file, client_id and client_secret must be there.

    Raises:
        UserError: The text names the key and the file or variable, and never shows a value.
    """
    tables = _read_toml(playground.config)
    variables = _lay_environment_over(tables)
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        # A key that is spelled wrongly comes first: another complaint may come from its absence.
        problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
        raise _explained(problems[0], playground.config, variables) from None
    if credentials:
        _require_credentials(settings, playground)
    return settings


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_private(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): mend its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not valid TOML ({error}): mend that line; texts stand in quotes"
        ) from None


def _lay_environment_over(tables: dict[str, object]) -> dict[tuple[int | str, ...], str]:
    """Put the environment's values into the tables; returns the variable of each key that has one."""
    variables: dict[tuple[int | str, ...], str] = {}
    for section, keys in SECTIONS.items():
        table = tables.setdefault(section, {})
        if not isinstance(table, dict):
            continue  # refused by Settings
        for key in keys.model_fields:
            variable = ENVIRONMENT_PREFIX.get(section, f"{section.upper()}__") + key.upper()
            if variable in os.environ:
                table[key] = EnvironmentText(os.environ[variable])
                variables[section, key] = variable
    return variables


def _explained(problem: ErrorDetails, path: Path, variables: dict[tuple[int | str, ...], str]) -> UserError:
    """Say in one line what is wrong, where, and what to do."""
    name = ".".join(map(str, problem["loc"]))
    section, *keys = problem["loc"]
    if problem["type"] == "extra_forbidden":
        if not keys:
            return UserError(
                f"unknown key {section!r} in {path}: delete it; sections are {', '.join(SECTIONS)}"
            )
        known = ", ".join(SECTIONS[str(section)].model_fields)
        return UserError(f"unknown key {name} in {path}: delete it or correct it; known are {known}")
    if not keys:
        return UserError(f"{section} in {path} must be a section: write [{section}] on a line of its own")
    variable = variables.get(problem["loc"])
    where = f"the environment ({variable})" if variable else str(path)
    return UserError(f"{name} in {where} must be {problem['msg']}: correct it")


def is_placeholder(value: str | None) -> bool:
    """Tell whether the template left this value open."""
    return value is not None and (PLACEHOLDER in value or value.strip(".") == "")


def has_credentials(settings: Settings) -> bool:
    """Tell whether client_id and client_secret are there."""
    pair = (settings.strava.client_id, settings.strava.client_secret)
    return all(value is not None and not is_placeholder(value) for value in pair)


def _require_credentials(settings: Settings, playground: Playground) -> None:
    credentials = {"client_id": settings.strava.client_id, "client_secret": settings.strava.client_secret}
    missing_file = not playground.config.exists()
    for key, value in credentials.items():
        if value is None and missing_file:
            raise UserError(
                f"{playground.config} is missing: type `{playground.begin()}` "
                "and fill in client_id and client_secret from strava.com/settings/api; of the archive that Strava sends "
                "you `make import ARCHIVE=…` needs none of that"
            )
        if value is None:
            raise UserError(
                f"strava.{key} is missing in {playground.config}: copy it from strava.com/settings/api into [strava]"
            )
        if is_placeholder(value):
            raise UserError(
                f"strava.{key} in {playground.config} is still the placeholder {PLACEHOLDER}: "
                "copy the value from strava.com/settings/api"
            )

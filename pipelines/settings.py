"""The Playground's paths, and `config.toml` with the environment on top, checked key by key."""

import contextlib
import datetime as dt
import os
import shlex
import tomllib
import urllib.parse
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pipelines.errors import UserError

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


@dataclass(frozen=True)
class Playground:
    """Every path of the user's folder."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens.json"

    @property
    def warehouse(self) -> Path:
        return self.root / "strava.duckdb"

    @property
    def marts(self) -> Path:
        return self.root / "marts.duckdb"

    @property
    def marts_parquet(self) -> Path:
        return self.root / "marts"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def dlt_dir(self) -> Path:
        return self.root / ".dlt"

    @property
    def dbt_dir(self) -> Path:
        return self.root / ".dbt"

    @property
    def quota(self) -> Path:
        return self.root / "quota.json"

    @property
    def runs(self) -> Path:
        return self.root / "runs.jsonl"

    def begin(self) -> str:
        """The command that makes a config.toml to be filled in."""
        folder, config = shlex.quote(str(self.root)), shlex.quote(str(self.config))
        make_folder = "" if self.root.exists() else f"mkdir -p {folder} && "
        return f"{make_folder}cp Playground/config.template.toml {config}"

    def check(self) -> None:
        """Raises UserError when this cannot be a Playground; closes config.toml, which holds a secret, to others."""
        if "#" in str(self.root.absolute()) or "?" in str(self.root.absolute()):
            raise UserError(
                f"{self.root.absolute()} has a # or ? in its name, which dbt does not take: rename it"
            )
        if os.path.lexists(self.root) and not self.root.is_dir():
            raise UserError(f"{self.root} is no folder: move it away, or type PLAYGROUND=another/folder")
        with contextlib.suppress(OSError):
            if self.config.stat().st_mode & 0o077:
                self.config.chmod(0o600)

    def prepare(self) -> None:
        """Make the folder, for the user alone; say so if it cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.root / f".write-probe-{os.getpid()}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            raise UserError(
                f"{self.root} cannot be written ({error.strerror}): make it yours, or type PLAYGROUND=another/folder"
            ) from None


@dataclass(frozen=True)
class Athlete:
    """`[athlete]`: what Strava does not know or the user knows better; null means unknown."""

    max_heartrate_bpm: float | None = None
    resting_heartrate_bpm: float | None = None
    threshold_heartrate_bpm: float | None = None
    ftp_w: float | None = None
    threshold_pace_s_per_km: float | None = None
    sex: str | None = None
    weight_kg: float | None = None


@dataclass(frozen=True)
class Strava:
    """`[strava]`: credentials and how much to read."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    api_url: str = "https://www.strava.com/api/v3"
    oauth_url: str = "https://www.strava.com/oauth"
    start_date: dt.date | None = None
    lookback_days: float = 30
    full_listing_hours: float = 24
    streams: tuple[str, ...] = STREAM_TYPES


@dataclass(frozen=True)
class Marts:
    week_start: str = "monday"


@dataclass(frozen=True)
class Report:
    units: str = "metric"


@dataclass(frozen=True)
class Settings:
    strava: Strava = field(default_factory=Strava)
    athlete: Athlete = field(default_factory=Athlete)
    marts: Marts = field(default_factory=Marts)
    report: Report = field(default_factory=Report)


SECTIONS: dict[str, type] = {"strava": Strava, "athlete": Athlete, "marts": Marts, "report": Report}
# dlt's own names: a key of [strava] belongs to the source "strava".
ENVIRONMENT_PREFIX = {"strava": "SOURCES__STRAVA__"}
CHOICES = {
    "athlete.sex": ("M", "F"),
    "marts.week_start": ("monday", "sunday"),
    "report.units": ("metric", "imperial"),
}
MAY_BE_ZERO = {"strava.lookback_days", "strava.full_listing_hours"}


def load_settings(playground: Playground, *, credentials: bool = False) -> Settings:
    """Read config.toml and the environment.

    With `credentials` the file, client_id and client_secret must be there. Raises UserError that names the
    key and the file.
    """
    tables = _read_toml(playground.config)
    unknown = [name for name in tables if name not in SECTIONS]
    if unknown:
        raise UserError(
            f"unknown key {unknown[0]!r} in {playground.config}: delete it; sections are {', '.join(SECTIONS)}"
        )
    parts: dict[str, Any] = {}
    for section, cls in SECTIONS.items():
        table = tables.get(section, {})
        if not isinstance(table, dict):
            raise UserError(
                f"{section} in {playground.config} must be a section: write [{section}] on a line of its own"
            )
        parts[section] = _section(section, cls, table, playground.config)
    settings = Settings(**parts)
    if credentials:
        _require_credentials(settings, playground)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
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


def _section(section: str, cls: type, table: dict[str, Any], path: Path) -> Any:
    known = {item.name: item for item in fields(cls)}
    for key in table:
        if key not in known:
            raise UserError(
                f"unknown key {section}.{key} in {path}: delete it or correct it; known are {', '.join(known)}"
            )
    values: dict[str, Any] = {}
    for key in known:
        name = f"{section}.{key}"
        variable = ENVIRONMENT_PREFIX.get(section, f"{section.upper()}__") + key.upper()
        if variable in os.environ:
            values[key] = _checked(
                name, _from_environment(name, os.environ[variable]), f"the environment ({variable})"
            )
        elif key in table:
            values[key] = _checked(name, table[key], str(path))
    return cls(**values)


TEXT_KEYS = {
    "strava.client_id",
    "strava.client_secret",
    "strava.code",
    "strava.api_url",
    "strava.oauth_url",
    "strava.start_date",
    *CHOICES,
}


def _from_environment(name: str, text: str) -> Any:
    if name in TEXT_KEYS:
        return text
    if name == "strava.streams":
        return [item.strip(" \"'") for item in text.strip("[] ").split(",") if item.strip()]
    try:
        return float(text)
    except ValueError:
        return text


def _checked(name: str, value: Any, where: str) -> Any:
    """The value in its type, or UserError. Secrets are never part of a message."""

    def wrong(expected: str) -> UserError:
        return UserError(f"{name} in {where} must be {expected}: correct it")

    if name == "strava.start_date":
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            raise wrong('a date such as "2020-01-31"') from None
    if name == "strava.streams":
        if not isinstance(value, list) or any(item not in STREAM_TYPES for item in value):
            raise wrong(f"a list of stream types out of {', '.join(STREAM_TYPES)}")
        # Without time a sample has no place: it is always asked for.
        return tuple(kind for kind in STREAM_TYPES if kind in value or kind == "time")
    if name in TEXT_KEYS:
        if not isinstance(value, str) or not value.strip():
            raise wrong("a text in quotes")
        value = value.strip()
        if name in CHOICES and value not in CHOICES[name]:
            raise wrong(" or ".join(f'"{choice}"' for choice in CHOICES[name]))
        if name.endswith("_url"):
            value = value.rstrip("/")
            if not _is_address(value):
                raise wrong("an address that begins with https://")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong("a number")
    if not (0 <= value < 1e6) or (value == 0 and name not in MAY_BE_ZERO):
        raise wrong("a number from 0" if name in MAY_BE_ZERO else "a number above 0")
    return float(value)


def _is_address(text: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(text)
        return (
            parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0 and " " not in text
        )
    except ValueError:
        return False


def is_placeholder(value: str | None) -> bool:
    """True for a value that the template left open."""
    return value is not None and (PLACEHOLDER in value or value.strip(".") == "")


def _require_credentials(settings: Settings, playground: Playground) -> None:
    missing_file = not playground.config.exists()
    for key in ("client_id", "client_secret"):
        value = getattr(settings.strava, key)
        if value is None and missing_file:
            raise UserError(
                f"{playground.config} is missing: type `{playground.begin()}` "
                "and fill in client_id and client_secret from strava.com/settings/api"
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

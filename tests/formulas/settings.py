"""Settings with dates: what is configured, what Strava knows, what is estimated of the recordings."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.formulas.recording import Recording
from tests.formulas.sports import Row

BEGINNING = dt.date(1900, 1, 1)
SETTINGS = (
    "max_heartrate_bpm",
    "resting_heartrate_bpm",
    "threshold_heartrate_bpm",
    "ftp_w",
    "threshold_pace_s_per_km",
    "sex",
    "weight_kg",
)
RESTING_BPM = 60.0
HEARTRATE_PCT = (60, 70, 80, 90)
POWER_PCT = (55, 75, 90, 105, 120, 150)
PACE_PCT = (78, 88, 95, 101, 111)
UNITS = {"heartrate": "bpm", "power": "w", "pace": "m_per_s"}
# An estimate of the maximum is of recordings of the heart, not of the minutes before the strap slipped.
COVERED_PCT, ESTIMATED_FROM_S = 75, 600


@dataclass(frozen=True)
class Strava:
    """What the API says of the athlete."""

    sex: str | None = None
    weight_kg: float | None = None
    ftp_w: float | None = None
    heartrate_zones_bpm: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Period:
    """The values that hold from one day to another, each with where it comes from."""

    valid_from: dt.date
    valid_to: dt.date | None
    values: dict[str, Any]
    sources: dict[str, str | None]
    # Kind -> lower bounds of zones 2 and up; and where they come from.
    zones: dict[str, tuple[list[float], str]]
    duration_load_per_h: float

    def __getattr__(self, name: str) -> Any:
        if name in SETTINGS:
            return self.values[name]
        raise AttributeError(name)

    def trimp_per_min(self, bpm: float) -> float | None:
        """None where the maximum is unknown or no higher than the resting rate."""
        top, rest = self.values["max_heartrate_bpm"], self.values["resting_heartrate_bpm"]
        if top is None or top <= rest:
            return None
        a, b = (0.86, 1.67) if self.values["sex"] == "F" else (0.64, 1.92)
        reserve = min(max((bpm - rest) / (top - rest), 0), 1)
        return float(reserve * a * math.exp(b * reserve))


@dataclass(frozen=True)
class Settings:
    """All periods, and what holds throughout."""

    periods: list[Period]
    gap_model: str = "heartrate"
    fitness_days: float = 42
    fatigue_days: float = 7
    marathon_exponent: float = 1.15
    first_weekday: int = 0

    def on(self, date: dt.date) -> Period:
        return [period for period in self.periods if period.valid_from <= date][-1]


def quantile_cont(values: list[float], q: float) -> float:
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def estimated_max_bpm(recordings: Iterable[Recording]) -> float | None:
    covered: list[float] = []
    any_: list[float] = []
    for recording in recordings:
        beats = recording.column("heartrate")
        known = [value for value in beats if value is not None]
        if not known:
            continue
        highest = quantile_cont(known, 0.999)
        any_.append(highest)
        seconds = sum(i.seconds for i in recording.counted(v=beats))
        if (recording.coverage_pct("heartrate") or 0) >= COVERED_PCT and seconds >= ESTIMATED_FROM_S:
            covered.append(highest)
    return max(covered or any_, default=None)


def read_settings(
    config: dict[str, Any], strava: Strava, estimated_max: float | None, first_weekday: int = 0
) -> Settings:
    """`config` is the table `[athlete]` of config.toml, its `history` among the keys."""
    config = dict(config)
    blocks = [
        {"from": BEGINNING, **config},
        *sorted(config.pop("history", []), key=lambda block: block["from"]),
    ]
    blocks[0].pop("history", None)
    throughout = {
        name: config[name]
        for name in ("gap_model", "fitness_days", "fatigue_days", "marathon_exponent")
        if name in config
    }
    periods = []
    holds: dict[str, Any] = {}
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        holds |= block
        last = following["from"] - dt.timedelta(days=1) if following else None
        periods.append(_period(block["from"], last, holds, strava, estimated_max))
    return Settings(periods, first_weekday=first_weekday, **throughout)


def _period(
    first: dt.date, last: dt.date | None, holds: Row, strava: Strava, estimated_max: float | None
) -> Period:
    values: dict[str, Any] = {}
    sources: dict[str, str | None] = {}

    def take(name: str, source: str, value: Any) -> None:
        """The first that is known stays."""
        if values.get(name) is None:
            values[name], sources[name] = value, None if value is None else source

    for name in SETTINGS:
        take(
            name,
            "config",
            _seconds(holds.get(name)) if name.startswith("threshold_pace") else holds.get(name),
        )
    for name in ("ftp_w", "sex", "weight_kg"):
        take(name, "strava", getattr(strava, name))
    take("max_heartrate_bpm", "estimate", estimated_max)
    take("resting_heartrate_bpm", "estimate", RESTING_BPM)
    top, rest = values["max_heartrate_bpm"], values["resting_heartrate_bpm"]
    take("threshold_heartrate_bpm", "estimate", None if top is None else rest + 0.85 * (top - rest))
    return Period(
        first, last, values, sources, _zones(values, holds, strava), holds.get("duration_load_per_h", 50)
    )


def _seconds(pace: Any) -> Any:
    """A pace may be written as "4:15"."""
    if not isinstance(pace, str):
        return pace
    minutes, seconds = pace.split(":")
    return int(minutes) * 60 + float(seconds)


def _zones(values: Row, holds: Row, strava: Strava) -> dict[str, tuple[list[float], str]]:
    zones: dict[str, tuple[list[float], str]] = {}
    top, ftp, pace = values["max_heartrate_bpm"], values["ftp_w"], values["threshold_pace_s_per_km"]
    if holds.get("heartrate_zones_bpm"):
        zones["heartrate"] = holds["heartrate_zones_bpm"], "config"
    elif strava.heartrate_zones_bpm:
        zones["heartrate"] = strava.heartrate_zones_bpm, "strava"
    elif top is not None:
        zones["heartrate"] = [top * pct / 100 for pct in HEARTRATE_PCT], "default"
    if ftp is not None:
        own = holds.get("power_zones_pct")
        zones["power"] = [ftp * pct / 100 for pct in own or POWER_PCT], "config" if own else "default"
    if pace is not None:
        # One division: 111 % of 240 s/km is 4.625 m/s, a speed that devices record, and belongs to the zone above.
        zones["pace"] = [pct * 10 / pace for pct in PACE_PCT], "default"
    return zones


def settings_rows(settings: Settings) -> dict[dt.date, Row]:
    """The mart `athlete_settings`, by the first day of a period."""
    return {
        period.valid_from: {
            "valid_to": period.valid_to,
            **period.values,
            **{f"{name}_source": source for name, source in period.sources.items()},
        }
        for period in settings.periods
    }


def zone_rows(settings: Settings) -> dict[tuple[dt.date, str, int], Row]:
    """The mart `zones`."""
    out: dict[tuple[dt.date, str, int], Row] = {}
    for period in settings.periods:
        for kind, (bounds, source) in period.zones.items():
            for index, (lower, upper) in enumerate(
                zip([None, *bounds], [*bounds, None], strict=True), start=1
            ):
                out[period.valid_from, kind, index] = {
                    "valid_to": period.valid_to,
                    "lower_bound": lower,
                    "upper_bound": upper,
                    "unit": UNITS[kind],
                    "source": source,
                }
    return out

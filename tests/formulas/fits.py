"""Race predictions, critical speed and critical power."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.formulas.sports import Row

TARGETS_M = (1500, 5000, 10000, 21097.5, 42195)
HALF_MARATHON_M = 21097.5
RIEGEL_EXPONENT = 1.06
WINDOW_DAYS = 90
FIT_S = (120, 1200)
RIEGEL_EFFORT_S, RIEGEL_PREDICTION_S = (210, 13800), (210, 24000)
CRITICAL_SPEED_PREDICTION_S = (120, 3600)
# Joules of W' that are nought but for the last digits of a sum.
NOUGHT_J = 1e-6


@dataclass(frozen=True)
class Line:
    """Least squares of y over x."""

    slope: float
    intercept: float
    count: int
    standard_error: float


def _line(points: list[tuple[float, float]]) -> Line | None:
    if len(points) < 3:
        return None
    count = len(points)
    mean_x, mean_y = math.fsum(x for x, _ in points) / count, math.fsum(y for _, y in points) / count
    spread = math.fsum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return None
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    intercept = mean_y - slope * mean_x
    residuals = math.fsum((y - slope * x - intercept) ** 2 for x, y in points)
    return Line(slope, intercept, count, math.sqrt(residuals / (count - 2) / spread))


def critical_speed(efforts: Iterable[tuple[float, float]]) -> Line | None:
    """Of (metres, seconds): D = CS t + D'."""
    fastest: dict[float, float] = {}
    for metres, seconds in efforts:
        fastest[metres] = min(seconds, fastest.get(metres, math.inf))
    line = _line([(s, m) for m, s in fastest.items() if FIT_S[0] <= s <= FIT_S[1]])
    return line if line and line.slope > 0 else None


def critical_power(bests: Iterable[tuple[float, float]]) -> Line | None:
    """Of (seconds, watts): W = CP t + W'."""
    highest: dict[float, float] = {}
    for seconds, watts in bests:
        highest[seconds] = max(watts, highest.get(seconds, 0))
    line = _line([(s, w * s) for s, w in highest.items() if FIT_S[0] <= s <= FIT_S[1]])
    return line if line and line.slope > 0 and line.intercept >= -NOUGHT_J else None


def predictions(efforts: list[tuple[float, float]], marathon_exponent: float) -> dict[tuple[float, str], Row]:
    """Of (metres, seconds), by target and method."""

    def g(metres: float) -> float:
        beyond = max(metres / HALF_MARATHON_M, 1.0) ** marathon_exponent
        return float(min(metres, HALF_MARATHON_M) ** RIEGEL_EXPONENT * beyond)

    out: dict[tuple[float, str], Row] = {}
    line = critical_speed(efforts)
    for target in TARGETS_M:
        found = [
            (seconds * g(target) / g(metres), metres, seconds)
            for metres, seconds in efforts
            if RIEGEL_EFFORT_S[0] <= seconds <= RIEGEL_EFFORT_S[1] and metres >= target / 4
        ]
        if found and RIEGEL_PREDICTION_S[0] <= min(found)[0] <= RIEGEL_PREDICTION_S[1]:
            predicted, metres, seconds = min(found)
            out[float(target), "riegel"] = {
                "predicted_time_s": predicted,
                "effort_distance_m": metres,
                "effort_time_s": seconds,
            }
        if line:
            predicted = (target - line.intercept) / line.slope
            if CRITICAL_SPEED_PREDICTION_S[0] <= predicted <= CRITICAL_SPEED_PREDICTION_S[1]:
                out[float(target), "critical_speed"] = {
                    "predicted_time_s": predicted,
                    "effort_distance_m": None,
                    "effort_time_s": None,
                }
    return out


def months(first: dt.date, today: dt.date) -> Mapping[dt.date, dt.date]:
    """First day of a month -> the last day of its window: the month's last, or today."""
    out: dict[dt.date, dt.date] = {}
    month = first.replace(day=1)
    while month <= today:
        following = (month + dt.timedelta(days=32)).replace(day=1)
        out[month] = min(following - dt.timedelta(days=1), today)
        month = following
    return out


def is_within(date: dt.date, last: dt.date) -> bool:
    """Whether a date is one of the 90 that end with `last`."""
    return last - dt.timedelta(days=WINDOW_DAYS) < date <= last

"""Grade-adjusted pace: the factor of a grade, the grade of a sample; and altitude made smooth."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.formulas.recording import Interval, Recording

WINDOW_M = 25

Floats = npt.NDArray[np.float64]


def by_heartrate(grade_pct: float) -> float:
    """Pace at equal heart rate, after Strava's model of 2017: easiest at -9 %."""
    return 0.88 + (grade_pct + 9) ** 2 / 675


def by_energy(grade_pct: float) -> float:
    """Cost of running on a slope over that on the flat (Minetti et al. 2002)."""
    i = grade_pct / 100
    return (155.4 * i**5 - 30.4 * i**4 - 43.3 * i**3 + 46.3 * i**2 + 19.5 * i + 3.6) / 3.6


MODELS: dict[str, Callable[[float], float]] = {"heartrate": by_heartrate, "energy": by_energy}


def factor(model: str, grade_pct: float) -> float:
    return MODELS[model](min(max(grade_pct, -45.0), 45.0))


def _altitude_curve(recording: Recording) -> tuple[list[float], list[float]]:
    """Altitude over distance; of samples at one distance the first."""
    xs: list[float] = []
    ys: list[float] = []
    altitude = recording.column("altitude")
    for i in recording.kept(distance=recording.distance, altitude=altitude):
        metres = recording.distance[i]
        assert metres is not None
        if not xs or metres > xs[-1]:
            xs.append(metres)
            ys.append(altitude[i])
    return xs, ys


def grades(recording: Recording) -> list[float | None]:
    """Per cent at each sample."""
    if recording.has("grade_smooth"):
        return recording.column("grade_smooth")
    xs, ys = _altitude_curve(recording)
    if not xs:
        return [None] * recording.count
    metres = np.array([np.nan if value is None else value for value in recording.distance])
    low, high = np.maximum(metres - WINDOW_M, xs[0]), np.minimum(metres + WINDOW_M, xs[-1])
    rises = np.interp(high, xs, ys) - np.interp(low, xs, ys)
    return [float(rise / run * 100) if run > 0 else None for rise, run in zip(rises, high - low, strict=True)]


def adjusted_metres(interval: Interval, model: str) -> float:
    """Grade-adjusted distance of an interval that has a `grade`."""
    return interval.distance_m * factor(model, interval.values["grade"])


def smooth_altitude(recording: Recording) -> tuple[Floats, Floats]:
    """(distances, altitude): its mean over 25 m to both sides, the window cut at both ends; empty without one."""
    xs, ys = _altitude_curve(recording)
    if not xs:
        return np.array([]), np.array([])
    ways = np.array(sorted({metres for metres in recording.distance if metres is not None}))
    heights = np.interp(ways, xs, ys)
    # The integral of altitude up to each sample; within a segment it is a parabola.
    areas = np.concatenate([[0.0], np.cumsum(np.diff(ways) * (heights[1:] + heights[:-1]) / 2)])

    def area(metres: Floats) -> Floats:
        i = np.searchsorted(ways, metres, "right") - 1
        found: Floats = areas[i] + (metres - ways[i]) * (heights[i] + np.interp(metres, ways, heights)) / 2
        return found

    low, high = np.maximum(ways - WINDOW_M, ways[0]), np.minimum(ways + WINDOW_M, ways[-1])
    width = high - low
    return ways, np.where(width > 0, (area(high) - area(low)) / np.where(width > 0, width, 1), heights)


def elevation_gain_m(recording: Recording) -> float | None:
    """Sum of the rises of the smooth altitude."""
    _, smooth = smooth_altitude(recording)
    return float(np.clip(np.diff(smooth), 0, None).sum()) if len(smooth) else None

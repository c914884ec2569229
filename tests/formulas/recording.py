"""One activity's samples: those that are kept, the intervals between them, the run of seconds."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.formulas.samples import Values, clean_distance, plausible, time_in_line
from tests.formulas.sports import TOO_FAST_M_PER_S

PAUSE_FROM_S, PAUSE_IN_ANY_CASE_S, SLOWEST_M_PER_S = 10, 60, 0.5


@dataclass
class Interval:
    """From one kept sample to the next; `values` are those of the sample that ends it."""

    begin_s: float
    end_s: float
    is_pause: bool
    is_moving: bool
    values: dict[str, float]
    distance_m: float

    @property
    def seconds(self) -> float:
        return self.end_s - self.begin_s


class Recording:
    """Cleaned samples of an activity of one sport group."""

    def __init__(self, streams: dict[str, Values], group: str) -> None:
        self.count = max((len(values) for values in streams.values()), default=0)
        self.streams = {
            name: plausible(name, [*values, *[None] * (self.count - len(values))])
            for name, values in streams.items()
        }
        self.time = time_in_line(self.column("time"))
        cleaned = clean_distance(self.time, self.column("distance"), TOO_FAST_M_PER_S[group])
        self.distance, self.jumps = cleaned.metres, cleaned.jumps
        # A sample without a distance holds the last one before it; None before the first.
        self.held: list[float | None] = []
        for metres in self.distance:
            self.held.append(metres if metres is not None else self.held[-1] if self.held else None)

    def column(self, name: str) -> Values:
        return self.streams.get(name) or [None] * self.count

    def has(self, name: str) -> bool:
        return any(value is not None for value in self.column(name))

    @property
    def total_m(self) -> float | None:
        """The stream's distance; None without a sample that has time and distance."""
        return self.held[-1] if self.held else None

    def kept(self, **needed: Values) -> list[int]:
        """Sample numbers with a time later than the last kept one and with all that is needed."""
        out: list[int] = []
        for i, (time, *values) in enumerate(zip(self.time, *needed.values(), strict=True)):
            if time is not None and None not in values and (not out or time > self.time[out[-1]]):
                out.append(i)
        return out

    def intervals(self, **needed: Values) -> list[Interval]:
        moving = self.column("moving")
        out = []
        for a, b in itertools.pairwise(self.kept(**needed)):
            seconds = self.time[b] - self.time[a]
            before, after = self.held[a], self.held[b]
            grew = 0.0 if before is None or after is None else after - before
            # A nanometre: what was spread is no whole number of millimetres.
            goes_on = seconds <= PAUSE_IN_ANY_CASE_S and grew >= SLOWEST_M_PER_S * seconds - 1e-9
            is_pause = seconds > PAUSE_FROM_S and not goes_on
            out.append(
                Interval(
                    self.time[a],
                    self.time[b],
                    is_pause,
                    not is_pause and moving[b] is not False,
                    {name: values[b] for name, values in needed.items()},
                    grew,
                )
            )
        return out

    def counted(self, **needed: Values) -> list[Interval]:
        """Intervals that are no pause."""
        return [interval for interval in self.intervals(**needed) if not interval.is_pause]

    def moving(self, **needed: Values) -> list[Interval]:
        return [interval for interval in self.intervals(**needed) if interval.is_moving]

    def coverage_pct(self, name: str) -> float | None:
        """Counted seconds that have the value, of those that have a time."""
        whole = sum(interval.seconds for interval in self.counted())
        if not self.has(name) or not whole:
            return None
        return min(100 * sum(i.seconds for i in self.counted(v=self.column(name))) / whole, 100.0)

    def expansion(self, name: str) -> list[list[float]]:
        """Runs of seconds; a pause ends a run."""
        runs: list[list[float]] = [[]]
        for interval in self.intervals(v=self.column(name)):
            if interval.is_pause:
                runs.append([])
            else:
                runs[-1] += [float(interval.values["v"])] * int(interval.seconds)
        return [run for run in runs if run]


class Shares:
    """Intervals of which a stretch of time takes its share of seconds."""

    def __init__(self, intervals: Sequence[Interval], values: Sequence[float] | None = None) -> None:
        self._begins = np.array([interval.begin_s for interval in intervals], dtype=float)
        self._ends = np.array([interval.end_s for interval in intervals], dtype=float)
        self._values = np.array(
            values if values is not None else [interval.values["v"] for interval in intervals], dtype=float
        )

    def _shared(self, begin: float, end: float) -> npt.NDArray[np.float64]:
        shared: npt.NDArray[np.float64] = np.minimum(self._ends, end) - np.maximum(self._begins, begin)
        return np.clip(shared, 0, None)

    def seconds(self, begin: float, end: float) -> float:
        return float(self._shared(begin, end).sum())

    def total(self, begin: float, end: float) -> float:
        """Sum of value times seconds."""
        return float((self._shared(begin, end) * self._values).sum())

    def mean(self, begin: float, end: float) -> float | None:
        seconds = self.seconds(begin, end)
        return self.total(begin, end) / seconds if seconds > 0 else None

"""The athlete: what he sets out to do, and what Strava knows of it. Neither needs a server."""

import zoneinfo
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulated_strava.land import Course

HOME = zoneinfo.ZoneInfo("Europe/Berlin")
TRIP = zoneinfo.ZoneInfo("Asia/Kolkata")
# Strava's prefix is the standard offset, in summer, too.
TIMEZONES = {HOME: "(GMT+01:00) Europe/Berlin", TRIP: "(GMT+05:30) Asia/Kolkata"}
# Degrees, where nobody lives: the sea off Heligoland and off Goa, which have the clocks of the land.
PLACES = {HOME: (54.1, 7.85), TRIP: (15.4, 73.65)}
ATHLETE_ID = 24392837
FTP_W = 240
RESTING_BPM, RESERVE_BPM = 50, 138


@dataclass(frozen=True)
class Repeats:
    """Work and rest by turns, between a warm-up and a cool-down of equal length.

    Lengths are metres for a runner, seconds for a rider; efforts are shares of the threshold's.
    """

    count: int
    work: float
    rest: float
    work_effort: float
    rest_effort: float
    easy_effort: float
    total: float

    def stages(self, *, in_metres: bool) -> list[tuple[float, float]]:
        """The seconds of each stage, if the threshold's speed is 1, and its effort."""
        easy = (self.total - self.count * self.work - (self.count - 1) * self.rest) / 2
        turns = [(self.work, self.work_effort), (self.rest, self.rest_effort)] * self.count
        lengths = [(easy, self.easy_effort), *turns[:-1], (easy, self.easy_effort)]
        return [(length / effort if in_metres else length, effort) for length, effort in lengths]

    def mean_effort(self, *, in_metres: bool) -> float:
        """Over the whole session's time."""
        stages = self.stages(in_metres=in_metres)
        return sum(seconds * effort for seconds, effort in stages) / sum(seconds for seconds, _ in stages)


@dataclass(frozen=True)
class Session:
    """What the athlete set out to do. `intensity` is the mean effort as a share of the threshold's."""

    sport: str
    name: str
    distance_km: float
    speed_m_per_s: float
    intensity: float = 0.76
    shape: str = "steady"
    hour: int = 18
    pause_s: int = 0
    is_indoor: bool = False
    has_sensors: bool = True  # a telephone has none: no heart rate, cadence, temperature
    has_power_meter: bool = False
    repeats: Repeats | None = None  # instead of a shape
    course: Course | None = None  # None: another way each time
    # Fields of the summary that are not as the rest would have them.
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """A summary as the API lists it, and what its streams are drawn from."""

    summary: dict[str, Any]
    streams_seed: int | None  # None: no streams
    session: Session | None = None  # as it was recorded: a later edit of the summary leaves it alone
    is_smart: bool = False  # recorded every few seconds only
    samples: int | None = None  # set by a bench: exactly so many

    @property
    def id(self) -> int:
        return int(self.summary["id"])

    def with_summary(self, **changes: Any) -> "Activity":
        return replace(self, summary={**self.summary, **changes})

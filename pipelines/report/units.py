"""Units that the person reads, where the marts stay SI, and how times and names are written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

GROUP_NAMES = {"foot": "On foot", "ride": "Riding", "swim": "Swimming", "other": "Other sports"}
# Those that have a pace or a speed to compare.
PACED_GROUPS = ("foot", "ride", "swim")
ZONE_KIND_NAMES = {"heartrate": "heart rate", "pace": "pace", "power": "power"}
UNNAMED = "without a name"
EFFORT_NAMES = {
    1609.344: "1 mile",
    3218.688: "2 miles",
    16093.44: "10 miles",
    21097.5: "half marathon",
    42195.0: "marathon",
}
# Efforts below it are named in metres.
SHORTEST_IN_KM_M = 1900


@dataclass(frozen=True)
class Length:
    """A unit of length."""

    name: str
    size_m: float

    def of(self, metres: float | None) -> float:
        """Metres in this unit; what is unknown counts as nothing."""
        return (metres or 0) / self.size_m


@dataclass(frozen=True)
class Units:
    """One of the two systems that `report.units` offers."""

    distance: Length
    climb: Length
    swim: Length
    speed: str


UNITS = {
    "metric": Units(Length("km", 1000.0), Length("m", 1.0), Length("100 m", 100.0), "km/h"),
    "imperial": Units(Length("mi", 1609.344), Length("ft", 0.3048), Length("100 yd", 91.44), "mph"),
}


@dataclass(frozen=True)
class PaceUnit:
    """How a sport group reads its pace: as time per length, or as length per hour."""

    name: str
    length_m: float
    is_speed: bool = False

    @property
    def suffix(self) -> str:
        """What follows a value in a text: ` km/h`, or `/km`."""
        return f" {self.name}" if self.is_speed else self.name.replace("min per ", "/")

    def value(self, pace_s_per_km: float | None) -> float | None:
        """Seconds per length, or lengths per hour."""
        if not pace_s_per_km:
            return None
        pace_s = pace_s_per_km * self.length_m / 1000
        return round(3600 / pace_s, 2) if self.is_speed else round(pace_s, 1)

    def text(self, pace_s_per_km: float | None) -> str:
        """The same to be read; empty for no pace."""
        value = self.value(pace_s_per_km)
        if value is None:
            return ""
        return f"{value:.1f}" if self.is_speed else clock(value)

    def full_text(self, pace_s_per_km: float | None) -> str:
        """The same with its unit; empty for no pace."""
        text = self.text(pace_s_per_km)
        return f"{text}{self.suffix}" if text else ""


# Of charts that show paces elsewhere.
WATTS = PaceUnit("W", 1000, is_speed=True)


def pace_unit(sport_group: str, units: Units) -> PaceUnit:
    """Riders read their speed; swimmers count in another length than runners."""
    if sport_group == "ride":
        return PaceUnit(units.speed, units.distance.size_m, is_speed=True)
    length = units.swim if sport_group == "swim" else units.distance
    return PaceUnit(f"min per {length.name}", length.size_m)


def hours(seconds: float) -> str:
    """A total such as `12:05 h`."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"


def clock(seconds: float) -> str:
    """m:ss, or h:mm:ss from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def whole_number(value: float | None) -> str:
    """A number without decimals; empty for none."""
    return "" if value is None else f"{value:.0f}"


def numbered(names: Sequence[str]) -> list[str]:
    """The names, each once: the second of one name is `name (2)`."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def effort_name(distance_m: float) -> str:
    """The name of a best effort's distance, in the units that races use."""
    if distance_m in EFFORT_NAMES:
        return EFFORT_NAMES[distance_m]
    return f"{distance_m / 1000:g} km" if distance_m >= SHORTEST_IN_KM_M else f"{distance_m:g} m"

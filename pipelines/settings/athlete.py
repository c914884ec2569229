"""`[athlete]` and `[[athlete.history]]`: what holds from when, and whether a body can have it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from pipelines.settings.types import (
    Day,
    GapModel,
    HeartrateZones,
    LoadPerHour,
    MarathonExponent,
    MaxHeartrate,
    Pace,
    Power,
    PowerZones,
    RestingHeartrate,
    Section,
    Sex,
    ThresholdHeartrate,
    TimeConstant,
    Weight,
    must_be,
)

# The models begin their first period here: a block that begins with it would leave nothing for [athlete].
BEGINNING = dt.date(1900, 1, 1)
# Where a key stands: names of tables and keys, and the number of a block.
Place = tuple[int | str, ...]
_HISTORY: Place = ("athlete", "history")
_MAX, _RESTING, _THRESHOLD = _HEARTRATES = (
    "max_heartrate_bpm",
    "resting_heartrate_bpm",
    "threshold_heartrate_bpm",
)
_RISING = ((_RESTING, _MAX), (_RESTING, _THRESHOLD), (_THRESHOLD, _MAX))
_BLOCKS = (
    'blocks: write [[athlete.history]] on a line of its own, and below it from = "2025-03-01" and the keys'
)


class Changing(Section):
    """What may be another value from a day on; `None` where nothing is said of it."""

    max_heartrate_bpm: MaxHeartrate | None = None
    resting_heartrate_bpm: RestingHeartrate | None = None
    threshold_heartrate_bpm: ThresholdHeartrate | None = None
    ftp_w: Power | None = None
    threshold_pace_s_per_km: Pace | None = None
    sex: Sex | None = None
    weight_kg: Weight | None = None
    heartrate_zones_bpm: HeartrateZones | None = None
    power_zones_pct: PowerZones | None = None
    duration_load_per_h: LoadPerHour | None = None


def _after_the_beginning(day: dt.date) -> dt.date:
    if day <= BEGINNING:
        raise must_be(f"a date after {BEGINNING}: what holds from the beginning stands in [athlete]")
    return day


class Block(Changing):
    """`[[athlete.history]]`: what changes on a day."""

    from_: Annotated[Day, AfterValidator(_after_the_beginning)] = Field(alias="from")


def _blocks(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(block, dict) for block in value):
        raise must_be(_BLOCKS)
    return tuple(value)


class Athlete(Changing):
    """`[athlete]`: what Strava does not know or the user knows better.

    What is not said has the default of dbt_project.yml, or none.
    """

    gap_model: GapModel | None = None
    fitness_days: TimeConstant | None = None
    fatigue_days: TimeConstant | None = None
    marathon_exponent: MarathonExponent | None = None
    history: Annotated[tuple[Block, ...], BeforeValidator(_blocks)] = ()


@dataclass(frozen=True)
class Contradiction:
    """A key at a place of config.toml that must be what the words say of the key at another place."""

    place: Place
    words: str
    other: Place


def contradictions(athlete: Athlete) -> Iterator[Contradiction]:
    """Yield what cannot hold together though each value could by itself, in any period, the earliest first.

    A key that a block does not name holds on from the block, or from `[athlete]`, before it.
    """
    blocks = sorted(enumerate(athlete.history), key=lambda item: item[1].from_)
    for (earlier, one), (later, two) in pairwise(blocks):
        if one.from_ == two.from_:
            yield Contradiction((*_HISTORY, later, "from"), "another date than", (*_HISTORY, earlier, "from"))
    held: dict[str, tuple[float, Place]] = {}
    periods: list[tuple[Place, Changing]] = [(_HISTORY[:1], athlete)]
    for place, keys in periods + [((*_HISTORY, index), block) for index, block in blocks]:
        said = keys.model_dump(include=set(_HEARTRATES), exclude_none=True)
        held |= {key: (value, (*place, key)) for key, value in said.items()}
        for below, above in _RISING:
            if below in held and above in held and {below, above} & said.keys():
                (low, low_place), (high, high_place) = held[below], held[above]
                if low >= high and below in said:
                    yield Contradiction(low_place, "below", high_place)
                elif low >= high:
                    yield Contradiction(high_place, "above", low_place)

"""activities.csv of Strava's bulk export: the layouts and the languages that it has had."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

import numpy as np
from babel.dates import format_datetime
from babel.numbers import format_decimal

from tests.simulated_strava.activities_titles import ENGLISH, GERMAN
from tests.simulated_strava.athlete import Activity

MEDIA = len(ENGLISH) - 1
# Of each year, its columns as positions in the layout of 2026.
LAYOUTS: Mapping[int, tuple[int, ...]] = {
    2018: (0, 1, 2, 3, 4, 5, 6, 9, 11, 12),  # to June 2019: other titles and dates, metres
    2019: (0, 1, 2, 3, 4, 5, 6, 9, 11, 12),
    2020: (0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 12),
    2023: (*range(86), MEDIA),
    2025: (*range(98), MEDIA),
    2026: tuple(range(103)),
}
OLDEST_TITLES = [
    "id",
    "date",
    "name",
    "type",
    "description",
    "elapsed_time",
    "distance",
    "commute",
    "gear",
    "filename",
]
# Titles that had no translation for years, and came with the HTML that says so.
SPANNED = (44, 45, *range(76, 86))
SPAN = (
    '<span class="translation_missing" title="translation missing: en-US.lib.export.'
    'portability_exporter.activities.horton_values.{}">{}</span>'
)
# Position -> the summary's field: the raw block, whose numbers are float32 in SI units. Strava leaves the
# maximum of the watts empty; calories are not in the API's listing, and so not here.
RAW = {
    15: "elapsed_time",
    16: "moving_time",
    17: "distance",
    18: "max_speed",
    19: "average_speed",
    20: "total_elevation_gain",
    22: "elev_low",
    23: "elev_high",
    29: "average_cadence",
    30: "max_heartrate",
    31: "average_heartrate",
    33: "average_watts",
    36: "average_temp",
    37: "suffer_score",
    46: "weighted_average_watts",
    50: "commute",
    79: "flagged",
}
IN_METRES = {"Swim", "Rowing"}  # the first distance of all others is in kilometres
TYPES: Mapping[str, Mapping[str, str]] = {
    "de": {
        "Run": "Lauf",
        "Ride": "Radfahrt",
        "Hike": "Wanderung",
        "Walk": "Spaziergang",
        "WeightTraining": "Gewichtstraining",
        "Workout": "Training",
        "Swim": "Schwimmen",
        "VirtualRide": "Virtuelle Radfahrt",
        "TrailRun": "Traillauf",
        "MountainBikeRide": "Mountainbikefahrt",
    },
    "fr": {
        "Run": "Course à pied",
        "Ride": "Vélo",
        "Walk": "Marche",
        "Hike": "Randonnée",
        "Swim": "Natation",
    },
    "es": {"Run": "Carrera", "WeightTraining": "Entrenamiento con pesas"},
    "nl": {"Run": "Hardloopsessie", "Ride": "Fietsrit"},
    "zh": {"Ride": "骑行"},
}


@dataclass(frozen=True)
class Variant:
    """In which language (as CLDR names it) and in which year's layout an export is written."""

    locale: str = "en_US"
    year: int = 2026

    @property
    def language(self) -> str:
        return self.locale.split("_")[0]


def activities_csv(
    activities: Iterable[Activity],
    names: Mapping[int, str],
    gear: Mapping[str, str],
    media: Mapping[int, list[str]],
    variant: Variant,
) -> str:
    """Return the text of the file, sorted by id.

    `names` are the members of the recordings, and `media` those of the pictures, by activity id; `gear` the names
    of bikes and shoes by their ids.
    """
    layout = LAYOUTS[variant.year]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_titles(variant))
    for activity in sorted(activities, key=lambda activity: activity.id):
        cells = {
            **_displayed(activity, variant),
            11: gear.get(activity.summary["gear_id"], ""),
            12: names.get(activity.id, ""),
            **_raw(activity),
            MEDIA: "|".join(media.get(activity.id, ())),
        }
        writer.writerow([cells.get(position, "") for position in layout])
    return out.getvalue()


def _titles(variant: Variant) -> list[str]:
    if variant.year == 2018:
        return OLDEST_TITLES
    titles = list(ENGLISH)
    if variant.language == "de":
        titles = list(GERMAN)
    elif variant.language != "en":
        # No header of these languages was at hand: nothing may be found by an English title.
        titles = [f"{title} [{variant.language}]" for title in titles]
    if variant.year == 2023:
        for position in SPANNED:
            key = ENGLISH[position].lower().replace(" ", "_")
            titles[position] = SPAN.format(key, titles[position])
    return [titles[position] for position in LAYOUTS[variant.year]]


def _displayed(activity: Activity, variant: Variant) -> dict[int, str]:
    """The columns up to the file's name, as a reader of that language likes them."""
    summary = activity.summary
    start = dt.datetime.fromisoformat(summary["start_date"]).replace(tzinfo=None)
    sport, metres = summary["sport_type"], Decimal(str(summary["distance"]))
    if variant.year == 2018:
        date, distance = start.isoformat(" "), str(float(metres))
    else:
        date = re.sub(r"\s", " ", format_datetime(start, "medium", locale=variant.locale))
        distance = _distance(metres, sport, variant.locale)
    english = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", sport)
    effort = summary.get("suffer_score")
    return {
        0: str(activity.id),
        1: date,
        2: summary["name"],
        3: TYPES.get(variant.language, {}).get(sport, english),
        4: 'Two laps, then "home".\nA second line, with a comma' if activity.id % 20 == 7 else "",
        5: str(summary["elapsed_time"]),
        6: distance,
        7: _number(summary.get("max_heartrate")),
        8: "" if effort is None else str(round(effort)),
        9: str(summary["commute"]).lower(),
    }


def _distance(metres: Decimal, sport: str, locale: str) -> str:
    """Kilometres that are cut off, not rounded, after ten metres; whole metres in water."""
    if not metres:
        return "0"
    if sport in IN_METRES:
        return str(format_decimal(int(metres), "#,##0", locale=locale))
    kilometres = (metres / 1000).quantize(Decimal("0.01"), ROUND_DOWN)
    return str(format_decimal(kilometres, "#,##0.00", locale=locale))


def _raw(activity: Activity) -> dict[int, str]:
    """The unformatted columns after the file's name, with the holes that real ones have."""
    summary = activity.summary
    cells = {position: _number(summary.get(field)) for position, field in RAW.items()}
    if activity.id % 89 == 0:
        cells[15] = ""
    if activity.id % 7 == 0:
        cells[30] = ""
    if summary["start_date"] < "2020":
        cells[19] = ""
    if summary.get("kilojoules") is not None:
        cells[38] = _number(summary["kilojoules"] * 1000)
    if summary.get("device_watts"):
        cells[47] = _number(summary["moving_time"])
    cells[52] = _number(not summary["manual"])
    gear = summary["gear_id"]
    if gear:
        cells[68 if gear[0] == "b" else 69] = f"{int(gear[1:])}.0"
    marked = {1: 95, 2: 96}.get(
        summary.get("workout_type") or 0
    )  # a race, a long run; the others have no column
    if marked:
        cells[marked] = "1.0"
    return cells


def _number(value: Any) -> str:
    """A float32 with all the digits of the double that it becomes: 9385.2 is 9385.2001953125."""
    return "" if value is None else str(float(np.float32(value)))

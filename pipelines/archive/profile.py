"""The athlete and the gear of an archive: profile.csv, general_preferences.csv, and what activities.csv tells.

Titles are in the athlete's language, so columns are found by position. The e-mail address is never read.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from typing import Any

from pipelines.archive.activities_csv import Row

KG_PER_POUND = 0.45359237
# Of profile.csv, from its first name on; before that stand the id (not in 2018) and the e-mail address.
_FIRST_NAME, _LAST_NAME, _SEX, _, _WEIGHT, _CITY, _, _COUNTRY = range(8)
# Of general_preferences.csv; a date of birth stands first.
_TEXT_WEIGHT, _FTP, _MAX_HEARTRATE, _UNITS = 1, 2, 3, 5
_SEXES = {"male": "M", "m": "M", "female": "F", "f": "F"}
_MEASUREMENTS = {"metric": "meters", "imperial": "feet"}
_WITH_UNIT = re.compile(r"(\d{1,4}(?:[.,]\d+)?)\s*(\D{0,5})")


def read_athlete(profile: bytes | None, preferences: bytes | None) -> dict[str, Any] | None:
    """Return the athlete, named as the columns of `tables.ATHLETE`, and `max_heartrate` in bpm.

    Weight is in kg, FTP in W. `id` is `None` in an archive of 2018. `None` where there is no profile.
    """
    cells, other = _first_row(profile), _first_row(preferences)
    if not cells:
        return None
    has_id = cells[0].isascii() and cells[0].isdigit() and len(cells[0]) < 19
    # One more for the e-mail address.
    own = cells[2:] if has_id else cells[1:]
    weight_kg, ftp_w, max_heartrate_bpm = (
        _quantity(_at(other, n)) for n in (_TEXT_WEIGHT, _FTP, _MAX_HEARTRATE)
    )
    return {
        "id": int(cells[0]) if has_id else None,
        "firstname": _at(own, _FIRST_NAME) or None,
        "lastname": _at(own, _LAST_NAME) or None,
        "sex": _SEXES.get(_at(own, _SEX).casefold()),
        # The preferences say the unit.
        "weight": weight_kg or _quantity(_at(own, _WEIGHT)),
        "city": _at(own, _CITY) or None,
        "country": _at(own, _COUNTRY) or None,
        "ftp": round(ftp_w) if ftp_w else None,
        "measurement_preference": _MEASUREMENTS.get(_at(other, _UNITS).casefold()),
        "max_heartrate": round(max_heartrate_bpm) if max_heartrate_bpm else None,
    }


def gear_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the gear that activities name, as rows of `tables.GEAR`, by id.

    bikes.csv and shoes.csv have no ids, so they add nothing; the name of the latest activity with one counts.
    """
    earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
    names: dict[str, str | None] = {}
    for row in sorted(rows, key=lambda row: (row.values["start_date"] or earliest, row.values["id"])):
        gear_id = row.values["gear_id"]
        if gear_id:
            names[gear_id] = row.gear_name or names.get(gear_id)
    return [
        {"id": gear_id, "gear_kind": "bike" if gear_id.startswith("b") else "shoe", "name": name}
        for gear_id, name in sorted(names.items())
    ]


def _first_row(content: bytes | None) -> list[str]:
    """Return the first row below the titles, empty if there is none or the file is not readable."""
    text = (content or b"").decode("utf-8-sig", "replace")
    try:
        rows = csv.reader(io.StringIO(text, newline=""))
        next(rows, None)
        return [cell.strip() for cell in next(rows, [])]
    except csv.Error:
        return []


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _quantity(text: str) -> float | None:
    """Return the number of `70.0 kg`, `133 W` or `193`, pounds as kg; `None` for none and for 0, which is unset."""
    found = _WITH_UNIT.fullmatch(text)
    if not found:
        return None
    number = float(found[1].replace(",", "."))
    return (number * KG_PER_POUND if found[2].strip().casefold() in ("lb", "lbs") else number) or None

"""The first Distance column of activities.csv: written for people, in a unit that depends on the sport.

Kilometres with two decimals, nautical miles with one for sailing, whole metres for swims and rowing; all cut off
and not rounded, with the language's marks for decimals and thousands. Nothing in the file names the unit.
"""

import re
from collections import Counter
from collections.abc import Sequence

KM_M = 1000.0
NAUTICAL_MILE_M = 1852.0
_IN_METRES = frozenset({"Rowing", "Swim", "VirtualRow"})
_ENDS_WITH_DECIMALS = re.compile(r"([.,])\d{1,2}")
_BLANKS = re.compile(r"[\s'’]")


def read_distances(
    texts: Sequence[str], sport_types: Sequence[str | None]
) -> list[tuple[float, bool] | None]:
    """Return metres, and whether they were cut off to 10 m or worse, for each text of one column.

    `None` for what cannot be read; `None` as a sport type stands for an unknown one, whose unit the form of the
    number tells: a length without decimals is in metres, unless a spreadsheet has cut zeros off that file.
    """
    plain = [_BLANKS.sub("", text) for text in texts]
    decimal = _decimal_mark(plain)
    whole = re.compile(rf"\d+|\d{{1,3}}(?:{re.escape('.' if decimal == ',' else ',')}\d{{3}})+")
    number = re.compile(rf"({whole.pattern})(?:{re.escape(decimal)}(\d+))?")
    found = [number.fullmatch(text) for text in plain]
    was_resaved = any(
        item is not None
        and sport not in _IN_METRES | {"Sail", None}
        and item[1] != "0"
        and len(item[2] or "") < 2
        for item, sport in zip(found, sport_types, strict=True)
    )
    distances: list[tuple[float, bool] | None] = []
    for item, sport in zip(found, sport_types, strict=True):
        if item is None:
            distances.append(None)
            continue
        value = float(f"{re.sub(r'[.,]', '', item[1])}.{item[2] or 0}")
        unit_m = _unit_m(sport, has_decimals=item[2] is not None, was_resaved=was_resaved)
        if value == 0:
            # Strava writes 0 for no distance at all, and 0.00 for less than 10 m.
            distances.append((0.0, item[2] is not None))
        else:
            distances.append((value * unit_m, unit_m > 1) if unit_m else None)
    return distances


def _decimal_mark(texts: Sequence[str]) -> str:
    """Return the mark before one or two last digits in most texts; it never stands before three."""
    marks = Counter(
        found[1]
        for text in texts
        if (found := _ENDS_WITH_DECIMALS.search(text, max(0, len(text) - 3))) and found.end() == len(text)
    )
    if marks:
        return marks.most_common(1)[0][0]
    thousands = Counter(text[-4] for text in texts if len(text) > 4 and text[-4] in ".,")
    return "," if thousands["."] > thousands[","] else "."


def _unit_m(sport: str | None, *, has_decimals: bool, was_resaved: bool) -> float | None:
    if sport in _IN_METRES:
        return 1.0
    if sport == "Sail":
        return NAUTICAL_MILE_M
    if sport is not None or has_decimals:
        return KM_M
    return None if was_resaved else 1.0

"""activities.csv of Strava's bulk export, in every layout and language: one row per activity.

Columns are found by position and by their values, never by a title in English. The first part is written for
people; since 2020 the same values follow unformatted and in SI units. That raw block begins where the title of
column 5 comes again, and is used wherever it has a value.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.archive import dates, distances, sports
from pipelines.archive.recording import UnreadableError

ERROR_FILE = "#error#"
# Far above what anybody records in a life, and what a spreadsheet has to a row.
MAX_ROWS = 500_000
MAX_COLUMNS = 2_000
# Columns 0 to 6 of every layout.
_ID, _DATE, _NAME, _SPORT, _, _ELAPSED, _DISTANCE = range(7)

# Places in the raw block, counted from its first column.
_RAW_FLOATS = {
    "max_speed": 3,
    "average_speed": 4,
    "total_elevation_gain": 5,
    "elev_low": 7,
    "elev_high": 8,
    "average_cadence": 14,
    "max_heartrate": 15,
    "average_heartrate": 16,
    "max_watts": 17,
    "average_watts": 18,
    "calories": 19,
    "average_temp": 21,
    "suffer_score": 22,
    "weighted_average_watts": 31,
}
_RAW_ELAPSED, _RAW_MOVING, _RAW_DISTANCE, _RAW_WORK_J, _RAW_POWER_COUNT = 0, 1, 2, 23, 32
_RAW_COMMUTE, _RAW_FROM_UPLOAD, _RAW_BIKE, _RAW_GEAR = 35, 37, 53, 54
# In 2020 the block had neither Type nor Start Time, which stand here since 2021.
_RAW_FIRST_SHIFTED = 29

# Seen in English, German and Dutch archives. What surrounds these two columns varies, so only the title tells.
_COMPETITION = frozenset({"competition", "wettbewerb", "wedstrijd"})
_LONG_RUN = frozenset({"long run", "langer lauf", "lange loop"})

_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"(\d{1,18})(?:\.0*)?")


@dataclass(frozen=True)
class Row:
    """One activity of the file.

    `values` are named and typed as the columns of `tables.ACTIVITIES`, and `calories` in kcal; a name that is
    not in it is in no column of an archive. `moving_time` is `None` without a raw block. `device_watts` is true
    or unknown: the column counts what was measured, and an empty one says nothing.
    """

    number: int  # as a spreadsheet counts rows: the titles are 1
    values: dict[str, Any]
    # As the column has it; `None` when it is empty.
    file_name: str | None
    is_error_file: bool
    gear_name: str | None
    # As the file names the sport; it is `sport_type` too when it is not known.
    sport_name: str
    is_sport_known: bool
    # The distance is from the first column, where 10 m (in sailing 185 m) is the last digit.
    is_distance_rounded: bool
    # What of the row could not be read, in words.
    problem: str | None


@dataclass(frozen=True)
class Table:
    """All of activities.csv. `problems` are about rows that are left out, and about the file itself, in words."""

    rows: Sequence[Row]
    problems: Sequence[str]
    has_raw_block: bool


@dataclass(frozen=True)
class _Layout:
    """Where the columns stand. `shift` is that of the raw block's columns from `_RAW_FIRST_SHIFTED` on."""

    raw: int | None
    shift: int
    file: int | None
    commute: int | None
    max_heartrate: int | None
    suffer_score: int | None
    competition: int | None
    long_run: int | None

    def raw_text(self, cells: Sequence[str], place: int) -> str:
        """Return a cell of the raw block, empty without one."""
        if self.raw is None:
            return ""
        return _cell(cells, self.raw + place + (self.shift if place >= _RAW_FIRST_SHIFTED else 0))

    def raw_number(self, cells: Sequence[str], place: int) -> float | None:
        return _number(self.raw_text(cells, place))


def read_activities(content: bytes) -> Table:
    """Return the activities of a file. Raises `UnreadableError` for a file that is no activities.csv."""
    problems: list[str] = []
    titles, lines = _lines(content, problems)
    kept: dict[int, tuple[int, Sequence[str]]] = {}
    for number, cells in lines:
        activity_id = _activity_id(_cell(cells, _ID))
        if activity_id is None:
            problems.append(f"row {number}: {_cell(cells, _ID)!r} is no activity's id")
        elif activity_id in kept:
            problems.append(
                f"row {number}: activity {activity_id} stands in row {kept[activity_id][0]} already"
            )
        else:
            kept[activity_id] = (number, cells)
    if lines and not kept:
        raise UnreadableError("no row begins with an activity's id: this is not Strava's activities.csv")
    layout = _layout(titles, [cells for _, cells in kept.values()])
    rows = _rows(layout, kept, len(titles))
    seconds = sum(bool(_WHOLE.fullmatch(_cell(cells, _ELAPSED))) for _, cells in kept.values())
    has_date = any(row.values["start_date"] for row in rows)
    if rows and (seconds * 2 < len(rows) or not (has_date or any(row.file_name for row in rows))):
        raise UnreadableError("its columns are not those of Strava's activities.csv")
    return Table(rows, problems, layout.raw is not None)


def _lines(content: bytes, problems: list[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the titles and the numbered rows that are not empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        problems.append("the file is not in UTF-8 (re-saved by a spreadsheet?): some letters are lost")
    lines: list[tuple[int, list[str]]] = []
    titles: list[str] | None = None
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
                raise UnreadableError(f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")
            if titles is None:
                titles = [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells]
            elif any(cells):
                lines.append((number, cells))
    except csv.Error as error:
        problems.append(f"row {number + 1}: {error}; nothing after it was read")
    if titles is None or len(titles) <= _DISTANCE:
        why = (
            "separated by semicolons (re-saved by a spreadsheet?)"
            if titles and ";" in titles[0]
            else "too few columns"
        )
        raise UnreadableError(f"{why if titles else 'empty'}: this is not Strava's activities.csv")
    return titles, lines


def _layout(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> _Layout:
    """Find the columns by what is repeated in the raw block and by the form of their values."""
    # pandas calls the second of two equal titles `Elapsed Time.1`.
    again = {titles[_ELAPSED], f"{titles[_ELAPSED]}.1"} - {""}
    raw = next((place for place in range(_DISTANCE + 1, len(titles)) if titles[place] in again), None)
    end = len(titles) if raw is None else raw
    named = {
        place: sum(_cell(cells, place).startswith(("activities/", ERROR_FILE)) for cells in rows)
        for place in range(_DISTANCE + 1, end)
    }
    file = max(named, key=lambda place: named[place], default=None)
    if file is not None and not named[file]:
        # No activity has a file. Two weights stand between its column and the block; without one it is the last.
        file = (len(titles) - 1 if len(titles) <= 11 else None) if raw is None else raw - 3
    first = range(_DISTANCE + 1, file if file is not None else end)
    commute = next((place for place in first if _is_of_truth(rows, place)), None)

    def repeated(place: int) -> int | None:
        if raw is None or raw + place >= len(titles):
            return None
        title = titles[raw + place].removesuffix(".1")
        return next((item for item in first if title and titles[item] == title), None)

    suffer_score = repeated(22)
    if raw is None and commute == _DISTANCE + 2:
        suffer_score = _DISTANCE + 1  # since March 2020
    lower = {title.casefold(): place for place, title in enumerate(titles)}
    return _Layout(
        raw=raw,
        shift=_shift(titles, raw, first),
        file=file,
        commute=commute,
        max_heartrate=repeated(15),
        suffer_score=suffer_score,
        competition=next((lower[title] for title in _COMPETITION if title in lower), None),
        long_run=next((lower[title] for title in _LONG_RUN if title in lower), None),
    )


def _shift(titles: Sequence[str], raw: int | None, first: range) -> int:
    """Return how far Commute, the last repeated title, stands from its place in the raw block of today."""
    if raw is None:
        return 0
    titles_before = {titles[place] for place in first} - {""}
    for place in range(raw + _RAW_FIRST_SHIFTED, min(raw + _RAW_COMMUTE + 1, len(titles))):
        if titles[place].removesuffix(".1") in titles_before:
            return place - raw - _RAW_COMMUTE
    return 0


def _rows(layout: _Layout, kept: dict[int, tuple[int, Sequence[str]]], width: int) -> list[Row]:
    cells_of = [cells for _, cells in kept.values()]
    texts = [_cell(cells, _DATE) for cells in cells_of]
    starts = dates.read_dates(texts)
    names = [_cell(cells, _SPORT) for cells in cells_of]
    sport_types = [sports.of_display_name(name) for name in names]
    first = [_cell(cells, _DISTANCE) for cells in cells_of]
    # The layout of 10 columns that ended in June 2019 had metres, and was alone in having dates of ISO 8601.
    if layout.raw is None and width <= 10 and any(re.match(r"\d{4}-\d\d-\d\d[ T]", text) for text in texts):
        read = [(value, False) if (value := _number(text)) is not None else None for text in first]
    else:
        read = distances.read_distances(first, sport_types)
    rows = []
    for index, (activity_id, (number, cells)) in enumerate(kept.items()):
        distance = layout.raw_number(cells, _RAW_DISTANCE)
        is_rounded = False
        if distance is None and (found := read[index]):
            distance, is_rounded = found
        problems = []
        if starts[index] is None:
            problems.append(
                f"its date {texts[index]!r} is in no known form" if texts[index] else "it has no date"
            )
        if distance is None and first[index]:
            problems.append(f"its distance {first[index]!r} cannot be told")
        file_name = _cell(cells, layout.file) or None
        values = {
            "id": activity_id,
            "name": _cell(cells, _NAME),
            "start_date": starts[index],
            "sport_type": sport_types[index] or names[index] or None,
            "distance": distance,
            **_values(layout, cells, distance),
            **_flags(layout, cells, file_name),
        }
        values["type"] = sports.type_of(values["sport_type"]) if values["sport_type"] else None
        values["workout_type"] = _workout_type(layout, cells, values["type"])
        rows.append(
            Row(
                number=number,
                values=values,
                file_name=file_name,
                is_error_file=file_name == ERROR_FILE,
                gear_name=(_cell(cells, layout.file - 1) or None) if layout.file else None,
                sport_name=names[index],
                is_sport_known=sport_types[index] is not None,
                is_distance_rounded=is_rounded,
                problem="; ".join(problems) or None,
            )
        )
    return rows


def _values(layout: _Layout, cells: Sequence[str], distance_m: float | None) -> dict[str, Any]:
    """Return the numbers of a row that are measured, by column."""
    values: dict[str, Any] = {name: layout.raw_number(cells, place) for name, place in _RAW_FLOATS.items()}
    for name, place in (("max_heartrate", layout.max_heartrate), ("suffer_score", layout.suffer_score)):
        if values[name] is None:
            values[name] = _number(_cell(cells, place))
    elapsed = layout.raw_number(cells, _RAW_ELAPSED)
    moving = layout.raw_number(cells, _RAW_MOVING)
    values["elapsed_time"] = _rounded(elapsed if elapsed is not None else _number(_cell(cells, _ELAPSED)))
    values["moving_time"] = _rounded(moving)
    if values["average_speed"] is None and distance_m is not None and moving:
        values["average_speed"] = distance_m / moving
    work_j = layout.raw_number(cells, _RAW_WORK_J)
    values["kilojoules"] = work_j / 1000 if work_j is not None else None
    return values


def _flags(layout: _Layout, cells: Sequence[str], file_name: str | None) -> dict[str, Any]:
    """Return what a row says yes or no to, and the id of its gear."""
    heartrates = [
        layout.raw_number(cells, _RAW_FLOATS[name]) for name in ("average_heartrate", "max_heartrate")
    ]
    gear = [
        f"{letter}{number}"
        for letter, place in (("b", _RAW_BIKE), ("g", _RAW_GEAR))
        if (number := _activity_id(layout.raw_text(cells, place)))
    ]
    commute = layout.raw_number(cells, _RAW_COMMUTE)
    return {
        "commute": commute > 0 if commute is not None else _cell(cells, layout.commute).casefold() == "true",
        "device_watts": True if (layout.raw_number(cells, _RAW_POWER_COUNT) or 0) > 0 else None,
        "gear_id": gear[0] if gear else None,
        "has_heartrate": any(heartrates) if layout.raw is not None else None,
        "manual": file_name is None and layout.raw_number(cells, _RAW_FROM_UPLOAD) != 1,
    }


def _workout_type(layout: _Layout, cells: Sequence[str], type_: str | None) -> int | None:
    """Return the API's number of a race or a long run (docs of SummaryActivity); the rest is in no column."""
    if _number(_cell(cells, layout.competition)) == 1:
        return {"Run": 1, "Ride": 11}.get(type_ or "")
    return 2 if type_ == "Run" and _number(_cell(cells, layout.long_run)) == 1 else None


def _is_of_truth(rows: Sequence[Sequence[str]], place: int) -> bool:
    found = {_cell(cells, place).casefold() for cells in rows} - {""}
    return bool(found) and found <= {"true", "false"}


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _number(text: str) -> float | None:
    """Return a number of the raw block, which has a point in every language; `None` for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _activity_id(text: str) -> int | None:
    """Return a whole number above 0; the raw block writes ids as `6055913.0`."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) or None if found else None

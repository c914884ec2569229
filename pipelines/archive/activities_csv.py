"""activities.csv of Strava's bulk export, in every layout and language: one row per activity.

The first columns are written for people. Since 2020 the same values follow unformatted and in SI units: that raw
block is used wherever it has a value.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.archive import dates, distances, sports
from pipelines.archive.columns import (
    DATE,
    DISTANCE,
    ELAPSED,
    ERROR_FILE,
    ID,
    NAME,
    RAW_BIKE,
    RAW_COMMUTE,
    RAW_DISTANCE,
    RAW_ELAPSED,
    RAW_FROM_UPLOAD,
    RAW_GEAR,
    RAW_MAX_HEARTRATE,
    RAW_MOVING,
    RAW_POWER_COUNT,
    RAW_SUFFER_SCORE,
    RAW_WORK_J,
    SPORT,
    Columns,
    cell,
    find_columns,
    number_of,
    whole_number,
)
from pipelines.archive.recording import UnreadableError

# Far above what anybody records in a life, and above what a file of Strava's has to a row.
MAX_ROWS = 500_000
MAX_COLUMNS = 2_000

# What the raw block has as the API has it: m/s, m, revolutions of one leg a minute, bpm, W, kcal, °C.
_RAW_FLOATS = {
    "max_speed": 3,
    "average_speed": 4,
    "total_elevation_gain": 5,
    "elev_low": 7,
    "elev_high": 8,
    "average_cadence": 14,
    "max_heartrate": RAW_MAX_HEARTRATE,
    "average_heartrate": 16,
    "max_watts": 17,
    "average_watts": 18,
    "calories": 19,
    "average_temp": 21,
    "suffer_score": RAW_SUFFER_SCORE,
    "weighted_average_watts": 31,
}

Lines = dict[int, tuple[int, Sequence[str]]]  # by the activity's id: the row's number, its cells


@dataclass(frozen=True)
class Row:
    """One activity of the file.

    `values` are named and typed as the columns of `tables.ACTIVITIES`, and `calories` in kcal; a name that is
    not in it stands in no column of an archive. `moving_time` is `None` without a raw block. `device_watts` is
    true or unknown: an empty count of measured power says nothing of the file.
    """

    number: int  # as a spreadsheet counts rows: the titles are 1
    values: dict[str, Any]
    # As the column has it; `None` when it is empty.
    file_name: str | None
    is_error_file: bool
    gear_name: str | None
    # As the file names the sport; it is `sport_type`, too, when it is not known.
    sport_name: str
    is_sport_known: bool
    # The distance is from the first column, whose last digit is 10 m (in sailing 185 m).
    is_distance_rounded: bool
    # What of the row could not be read, in words.
    problem: str | None


@dataclass(frozen=True)
class Table:
    """All of activities.csv. `problems` are about the file itself and rows that are left out, in words."""

    rows: Sequence[Row]
    problems: Sequence[str]
    has_raw_block: bool


def read_activities(content: bytes) -> Table:
    """Return the activities of a file. Raises `UnreadableError` for a file that is no activities.csv."""
    problems: list[str] = []
    titles, lines = _lines(content, problems)
    kept: Lines = {}
    for number, cells in lines:
        activity_id = whole_number(cell(cells, ID))
        if not activity_id:
            problems.append(f"row {number}: {_shown(cell(cells, ID))} is no activity's id")
        elif activity_id in kept:
            problems.append(f"row {number}: activity {activity_id} is in row {kept[activity_id][0]} already")
        else:
            kept[activity_id] = (number, cells)
    if lines and not kept:
        raise UnreadableError("no row begins with an activity's id: this is not Strava's activities.csv")
    columns = find_columns(titles, [cells for _, cells in kept.values()])
    rows = _rows(columns, kept, len(titles))
    has_seconds = 2 * sum(whole_number(cell(cells, ELAPSED)) is not None for _, cells in kept.values()) > len(
        rows
    )
    has_names = any(row.values["start_date"] or row.file_name for row in rows)
    if rows and not (has_seconds and has_names):
        raise UnreadableError("its columns are not those of Strava's activities.csv")
    return Table(rows, problems, columns.raw is not None)


def _lines(content: bytes, problems: list[str]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the titles, and the numbered rows that are not empty."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", "replace")
        problems.append("the file is not in UTF-8 (re-saved by a spreadsheet?): some letters are lost")
    numbered: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
                raise UnreadableError(f"more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")
            if any(cells):
                numbered.append((number, cells))
    except csv.Error as error:
        problems.append(f"row {number + 1}: {error}; nothing after it was read")
    if not numbered:
        raise UnreadableError("it is empty")
    # Titles of 2021 to 2023 were the HTML of a missing translation: `<span class="…">Total Grit</span>`.
    titles = [re.sub(r"<[^<>]*>", "", title).strip() for title in numbered[0][1]]
    if len(titles) <= DISTANCE:
        has_other_mark = max(titles[0].count(";"), titles[0].count("\t")) >= DISTANCE
        why = "its columns are not separated by commas" if has_other_mark else "it has too few columns"
        raise UnreadableError(f"{why}: this is not Strava's activities.csv as it was sent")
    return titles, numbered[1:]


def _rows(columns: Columns, kept: Lines, width: int) -> list[Row]:
    """Return the rows, with what only a whole column can settle: dates, and the first distances."""
    every = [cells for _, cells in kept.values()]
    texts = [cell(cells, DATE) for cells in every]
    names = [cell(cells, SPORT) for cells in every]
    sport_types = [sports.of_display_name(name) for name in names]
    first = [cell(cells, DISTANCE) for cells in every]
    # The layout of 10 columns that ended in June 2019 had metres, and was alone in having dates of ISO 8601.
    if columns.raw is None and width <= 10 and any(map(dates.is_iso, texts)):
        lengths = [(value, False) if (value := number_of(text)) is not None else None for text in first]
    else:
        lengths = distances.read_distances(first, sport_types)
    starts = dates.read_dates(texts)
    rows = []
    for index, (activity_id, (number, cells)) in enumerate(kept.items()):
        distance_m, is_rounded = columns.raw_number(cells, RAW_DISTANCE), False
        if distance_m is None and (length := lengths[index]) is not None:
            distance_m, is_rounded = length
        problems = []
        if starts[index] is None:
            problems.append(f"its date {_shown(texts[index])} cannot be read")
        if distance_m is None and first[index]:
            problems.append(f"its distance {_shown(first[index])} cannot be read")
        sport_type = sport_types[index] or names[index] or None
        file_name = cell(cells, columns.file) or None
        rows.append(
            Row(
                number=number,
                values={
                    "id": activity_id,
                    "name": cell(cells, NAME),
                    "start_date": starts[index],
                    "sport_type": sport_type,
                    "type": sports.type_of(sport_type) if sport_type else None,
                    "distance": distance_m,
                    **_measures(columns, cells, distance_m),
                    **_marks(columns, cells, file_name),
                },
                file_name=file_name,
                is_error_file=file_name == ERROR_FILE,
                gear_name=cell(cells, columns.gear) or None,
                sport_name=names[index],
                is_sport_known=sport_types[index] is not None,
                is_distance_rounded=is_rounded,
                problem="; ".join(problems) or None,
            )
        )
    return rows


def _measures(columns: Columns, cells: Sequence[str], distance_m: float | None) -> dict[str, Any]:
    """Return what was measured, by column; seconds as whole numbers."""
    values: dict[str, Any] = {name: columns.raw_number(cells, place) for name, place in _RAW_FLOATS.items()}
    # Older exports leave these empty in the block, and have them in the first columns.
    for name, place in (("max_heartrate", columns.max_heartrate), ("suffer_score", columns.suffer_score)):
        if values[name] is None:
            values[name] = number_of(cell(cells, place))
    elapsed_s, moving_s = columns.raw_number(cells, RAW_ELAPSED), columns.raw_number(cells, RAW_MOVING)
    if elapsed_s is None:
        elapsed_s = number_of(cell(cells, ELAPSED))
    if values["average_speed"] is None and distance_m is not None and moving_s:
        values["average_speed"] = distance_m / moving_s
    work_j = columns.raw_number(cells, RAW_WORK_J)
    return {
        **values,
        "elapsed_time": None if elapsed_s is None else round(elapsed_s),
        "moving_time": None if moving_s is None else round(moving_s),
        "kilojoules": None if work_j is None else work_j / 1000,
    }


def _marks(columns: Columns, cells: Sequence[str], file_name: str | None) -> dict[str, Any]:
    """Return what a row says yes or no to, and the id of its gear."""
    commute = columns.raw_number(cells, RAW_COMMUTE)
    bike, gear = (whole_number(columns.raw_text(cells, place)) for place in (RAW_BIKE, RAW_GEAR))
    heartrates = [
        columns.raw_number(cells, _RAW_FLOATS[f"{which}_heartrate"]) for which in ("average", "max")
    ]
    return {
        "commute": commute > 0 if commute is not None else cell(cells, columns.commute).casefold() == "true",
        "device_watts": True if columns.raw_number(cells, RAW_POWER_COUNT) else None,
        "gear_id": f"b{bike}" if bike else f"g{gear}" if gear else None,
        "has_heartrate": any(heartrates) if columns.raw is not None else None,
        "manual": file_name is None and columns.raw_number(cells, RAW_FROM_UPLOAD) != 1,
        "workout_type": next(
            (kind for place, kind in columns.workout_types if number_of(cell(cells, place))), None
        ),
    }


def _shown(text: str) -> str:
    """Return a text for a message: quoted, and not longer than a message should be."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")

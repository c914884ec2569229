"""Where the columns of activities.csv stand, whatever their language and however many there are.

Columns are added several times a year, five titles come twice, and titles are in the athlete's language: so
columns are found by position, by what is repeated, and by the form of their values, never by a title's words. Two
that are at another place in every layout, and known in English only, are the exception.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

# The first columns of every layout since 2018.
ID, DATE, NAME, SPORT, _, ELAPSED, DISTANCE = range(7)
ERROR_FILE = "#error#"

# Places in the raw block, counted from its first column: the layout of 2021 and later. In July 2020 it had neither
# Type nor Start Time, which would stand at 29 and 30.
RAW_ELAPSED, RAW_MOVING, RAW_DISTANCE = 0, 1, 2
RAW_MAX_HEARTRATE, RAW_SUFFER_SCORE, RAW_WORK_J = 15, 22, 23
RAW_FIRST_SHIFTED = 29
RAW_POWER_COUNT, RAW_COMMUTE, RAW_FROM_UPLOAD, RAW_BIKE, RAW_GEAR = 32, 35, 37, 53, 54
# What the API calls `workout_type`, as it has it of runs.
WORKOUT_TYPES = {"Competition": 1, "Long Run": 2}

_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"(\d{1,18})(?:\.0*)?")


@dataclass(frozen=True)
class Columns:
    """The places of columns in a row; `None` for one that the file has not.

    `raw` is the first column of the raw block, `shift` how far its columns from `RAW_FIRST_SHIFTED` on stand
    from their place in the layout of today.
    """

    raw: int | None
    shift: int
    file: int | None
    gear: int | None
    commute: int | None
    max_heartrate: int | None
    suffer_score: int | None
    workout_types: tuple[tuple[int, int], ...]  # a column, and what a mark in it says

    def raw_text(self, cells: Sequence[str], place: int) -> str:
        """Return a cell of the raw block; empty where there is none."""
        if self.raw is None:
            return ""
        return cell(cells, self.raw + place + (self.shift if place >= RAW_FIRST_SHIFTED else 0))

    def raw_number(self, cells: Sequence[str], place: int) -> float | None:
        """Return a number of the raw block, in SI units."""
        return number_of(self.raw_text(cells, place))


def find_columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """Return the places of the columns of a file with these titles and rows."""
    # pandas, which many people re-save with, calls the second of two equal titles `Elapsed Time.1`.
    again = {titles[ELAPSED], f"{titles[ELAPSED]}.1"} - {""}
    raw = next((place for place in range(DISTANCE + 1, len(titles)) if titles[place] in again), None)
    end = len(titles) if raw is None else raw
    file = _file_column(rows, end, has_raw_block=raw is not None)
    first = range(DISTANCE + 1, file if file is not None else end)
    commute = next((place for place in first if _says_true_or_false(rows, place)), None)

    def repeated(place: int) -> int | None:
        """Return the place among the first columns of what stands there in the raw block."""
        if raw is None or raw + place >= len(titles):
            return None
        title = titles[raw + place].removesuffix(".1")
        return next((item for item in first if title and titles[item] == title), None)

    suffer_score = repeated(RAW_SUFFER_SCORE)
    if raw is None and commute == DISTANCE + 2:
        suffer_score = DISTANCE + 1  # since March 2020
    return Columns(
        raw=raw,
        shift=_shift(titles, raw, first),
        file=file,
        gear=file - 1 if file is not None and file > DISTANCE + 1 else None,
        commute=commute,
        max_heartrate=repeated(RAW_MAX_HEARTRATE),
        suffer_score=suffer_score,
        workout_types=tuple(
            (titles.index(title), kind) for title, kind in WORKOUT_TYPES.items() if title in titles
        ),
    )


def cell(cells: Sequence[str], place: int | None) -> str:
    """Return a cell without blanks around it; empty where the row is shorter, or there is no such column."""
    return cells[place].strip() if place is not None and place < len(cells) else ""


def number_of(text: str) -> float | None:
    """Return a number as the raw block has it, with a point in every language; `None` for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def whole_number(text: str) -> int | None:
    """Return a whole number, to the last digit also where it is written as `6055913.0`; `None` for anything else."""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def _file_column(rows: Sequence[Sequence[str]], end: int, *, has_raw_block: bool) -> int | None:
    named = {
        place: sum(cell(cells, place).startswith(("activities/", ERROR_FILE)) for cells in rows)
        for place in range(DISTANCE + 1, end)
    }
    best = max(named, key=lambda place: named[place], default=None)
    if best is None or named[best]:
        return best
    # No activity has a file. Two weights stand between its column and the block; without one it is the last.
    if has_raw_block:
        return end - 3 if end - 3 > DISTANCE else None
    return end - 1 if end <= 11 else None


def _says_true_or_false(rows: Sequence[Sequence[str]], place: int) -> bool:
    found = {cell(cells, place).casefold() for cells in rows} - {""}
    return bool(found) and found <= {"true", "false"}


def _shift(titles: Sequence[str], raw: int | None, first: range) -> int:
    """Return how far Commute, the last of the titles that come twice, stands from its place of today."""
    if raw is None:
        return 0
    before = {titles[place] for place in first} - {""}
    for place in range(raw + RAW_FIRST_SHIFTED, min(raw + RAW_COMMUTE + 1, len(titles))):
        if titles[place].removesuffix(".1") in before:
            return place - raw - RAW_COMMUTE
    return 0

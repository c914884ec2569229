"""On which line of a TOML text a key stands: Python's parser does not tell."""

import bisect
import tomllib
from collections.abc import Sequence


def line_of(text: str, path: Sequence[int | str]) -> int | None:
    """Return the line, from 1, on which the key or the block at this path begins; of a missing one its table's.

    `None` where not even the first of the path is in the text. It is found by parsing beginnings of the text: a key
    stands where the shortest beginning that has it ends.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    for length in range(len(path), 0, -1):
        found = path[:length]
        if _has(lines, len(lines), found):
            first = bisect.bisect_left(range(len(lines)), True, key=lambda n: _has(lines, n, found))
            # A list over several lines can be parsed with its last one only, and begins behind what could be before.
            return _parsed(lines, first - 1)[0] + 1
    return None


def _has(lines: Sequence[str], count: int, path: Sequence[int | str]) -> bool:
    value = _parsed(lines, count)[1]
    for key in path:
        if isinstance(key, int):
            if not isinstance(value, list) or key >= len(value):
                return False
            value = value[key]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return False
    return True


def _parsed(lines: Sequence[str], count: int) -> tuple[int, object]:
    """Return how many of the first lines are whole TOML, and what they say."""
    while count > 0:
        try:
            return count, tomllib.loads("\n".join(lines[:count]))
        except ValueError:
            count -= 1
    return 0, {}

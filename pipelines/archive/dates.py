"""The dates of activities.csv, in whichever language the athlete reads Strava.

Strava prints instants in UTC as CLDR's medium format of the language has it, and nothing in the file names the
language. Words and their meaning come from CLDR through babel; what they mean is settled by the whole column.
"""

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

# The languages that Strava's site is or may be offered in; where none is listed first, order means nothing.
# A test holds that no word of one of them names another month or half of the day in another.
LOCALES = (
    *("en", "de", "fr", "es", "it", "nl", "pt", "pt_PT", "es_MX", "zh", "zh_Hant", "ja", "ko", "ru"),
    *("pl", "tr", "da", "sv", "nb", "id", "cs", "fi", "uk", "ro", "hu", "sk", "el", "ca", "th", "vi", "ms"),
)

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?: ?(?:Z|UTC|\+00:?00))?")
# Hours, minutes and perhaps seconds. With full stops between them they can be told from a date by their digits.
_TIME = re.compile(r"(?<![\d:])(\d{1,2})(?::(\d\d)(?::(\d\d))?|\.(\d\d)\.(\d\d))(?![\d:])(?!\.\d)")
_WORD = re.compile(r"[^\W\d_][^\s\d.,:/\-]*")
_NUMBER = re.compile(r"\d+")
_STOP_INSIDE = re.compile(r"(?<=[^\W\d_])\.(?=[^\W\d_])|(?<=[^\x00-\x7f])\.(?=[^\W\d_])")
# `a. m.` is one word.
_LETTERS_APART = re.compile(r"(?<!\S)([^\W\d_])\.? ([^\W\d_])\.?(?!\S)")

# CLDR had `16 août 2026 à 09:01:41` for years; the data of today has a comma.
_FRENCH_AT = "à"

Numbers = tuple[int, int, int]


@dataclass(frozen=True)
class _Vocabulary:
    """What the words of a language say in a date: months (1 to 12), hours of the day, or nothing at all."""

    months: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[str, frozenset[int]] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()

    def knows(self, word: str) -> bool:
        return word in self.fillers or word in self.hours or self.month(word) is not None

    def month(self, word: str) -> int | None:
        """Return the month of a name, or of the first letters of exactly one (`sept` was `sep` in older CLDR)."""
        found = self.months.get(word)
        if found is not None or len(word) < 3:
            return found
        longer = {number for name, number in self.months.items() if name.startswith(word)}
        return longer.pop() if len(longer) == 1 else None


@dataclass(frozen=True)
class _Parts:
    """A text taken apart: its words, the numbers of its date in their order, and its time of day."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]  # two or three
    time: Numbers


def read_dates(texts: Sequence[str]) -> list[dt.datetime | None]:
    """Return the instants (UTC) of one column; `None` for what cannot be read under the column's one reading.

    The language is the one that knows most of the column's words, and whether the day or the month comes first
    is settled by the whole column: the day, unless some number can only be a day where the month would stand.
    """
    dates = [_iso(text) for text in texts]
    missing = [index for index, date in enumerate(dates) if date is None and texts[index].strip()]
    parts = {index: found for index in missing if (found := _take_apart(texts[index]))}
    if not parts:
        return dates
    vocabulary = _vocabulary_of(Counter(word for found in parts.values() for word in found.words))
    is_month_first = _is_month_first([found.numbers for found in parts.values() if len(found.numbers) == 3])
    for index, found in parts.items():
        dates[index] = _date(found, vocabulary, is_month_first)
    return dates


def is_iso(text: str) -> bool:
    """Tell whether a date is written as in the layout of 2018, `2018-09-12 15:02:23`."""
    return _iso(text) is not None


def _iso(text: str) -> dt.datetime | None:
    found = _ISO.fullmatch(text.strip())
    if not found:
        return None
    try:
        return dt.datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=dt.UTC, microsecond=0)
    except ValueError:
        return None


def _take_apart(text: str) -> _Parts | None:
    """Return the parts of a text that has one time of day and two or three more numbers."""
    if len(text) > 100:
        return None
    plain = _normalised(text)
    times = list(_TIME.finditer(plain))
    if len(times) != 1:
        return None
    time = times[0]
    rest = f"{plain[: time.start()]} {plain[time.end() :]}"
    numbers = tuple(int(number) for number in _NUMBER.findall(rest))
    if len(numbers) not in (2, 3):
        return None
    hour, minute, second = int(time[1]), int(time[2] or time[4]), int(time[3] or time[5] or 0)
    return _Parts(_words(rest), numbers, (hour, minute, second))


def _normalised(text: str) -> str:
    """Return the text in lower case with plain blanks and digits, without marks of direction."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(
        str(unicodedata.digit(character)) if character.isdigit() else character
        for character in text
        if unicodedata.category(character) != "Cf"
    )
    text = _STOP_INSIDE.sub("", " ".join(text.split()))
    return _LETTERS_APART.sub(r"\1\2", text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))


def _is_month_first(numbers: Iterable[tuple[int, ...]]) -> bool:
    """Tell the order of a column of numbers that end with the year."""
    written = [(first, second) for first, second, last in numbers if last > 31]
    return not any(first > 12 for first, _ in written) and any(second > 12 for _, second in written)


def _date(parts: _Parts, vocabulary: _Vocabulary, is_month_first: bool) -> dt.datetime | None:
    if not all(vocabulary.knows(word) for word in parts.words):
        return None
    hours = [vocabulary.hours[word] for word in parts.words if word in vocabulary.hours]
    months = [
        month
        for word in parts.words
        if word not in vocabulary.fillers and (month := vocabulary.month(word)) is not None
    ]
    day = _day(parts.numbers, months, is_month_first)
    hour = _hour(parts.time[0], hours)
    if day is None or hour is None:
        return None
    try:
        return dt.datetime(*day, hour, *parts.time[1:], tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None


def _day(numbers: tuple[int, ...], months: Sequence[int], is_month_first: bool) -> Numbers | None:
    """Return year, month and day; `None` without exactly one of each."""
    if len(months) == 1 and len(numbers) == 2:
        year, day = (numbers[0], numbers[1]) if numbers[0] > 31 else (numbers[1], numbers[0])
        return (year, months[0], day) if _is_year(year) else None
    if months or len(numbers) != 3:
        return None
    if _is_year(numbers[0]):
        return numbers[0], numbers[1], numbers[2]
    if not _is_year(numbers[2]):
        return None
    return (numbers[2], numbers[0], numbers[1]) if is_month_first else (numbers[2], numbers[1], numbers[0])


def _is_year(number: int) -> bool:
    return 1000 <= number <= 9999


def _hour(hour: int, allowed: Sequence[frozenset[int]]) -> int | None:
    """Return the hour of the day (0 to 23), given the hours that a word such as `PM` allows."""
    if not allowed:
        return hour
    candidates = {hour % 12, hour % 12 + 12} if hour <= 12 else {hour}
    fitting = candidates.intersection(*allowed)
    return fitting.pop() if len(fitting) == 1 else None


def _vocabulary_of(words: Counter[str]) -> _Vocabulary:
    """Return the vocabulary of the language that knows most of the words; no language is loaded without need."""
    if not words:
        return _Vocabulary()
    best, best_count = _Vocabulary(), 0
    for name in LOCALES:
        vocabulary = vocabulary_of(name)
        count = sum(times for word, times in words.items() if vocabulary.knows(word))
        if count > best_count:
            best, best_count = vocabulary, count
        if count == words.total():
            break
    return best


def vocabulary_of(language: str) -> _Vocabulary:
    """Return what CLDR knows of the words of dates in one language."""
    from babel import Locale  # only for files whose dates have words

    locale = Locale.parse(language)
    months: dict[str, int] = {}
    fillers: set[str] = set()
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, text in locale.months[context][width].items():
                words = _words(_normalised(text))
                # `8月` and `thg 8`: the number says the month, the word is only written beside it.
                if _NUMBER.search(text):
                    fillers.update(words)
                elif words:
                    # `de gen.` in Catalan.
                    *before, name_of_month = words
                    fillers.update(before)
                    months[name_of_month] = number
    fillers.update(_fillers(locale))
    return _Vocabulary(months, _hours(locale), frozenset(fillers - set(months)))


def _fillers(locale: "Locale") -> set[str]:
    """Return the words that stand in the patterns themselves, such as `de` of `16 de ago. de 2026`."""
    patterns = [*locale.date_formats.values(), *locale.time_formats.values()]
    texts = [pattern.pattern for pattern in patterns] + [
        str(text) for text in locale.datetime_formats.values()
    ]
    texts += [str(text) for text in locale.datetime_skeletons.values()]
    found = {"utc", _FRENCH_AT}
    for text in texts:
        quoted = re.findall(r"'([^']+)'", text)
        # Without quotes, only what is no letter of a pattern.
        bare = re.sub(r"'[^']*'|[A-Za-z]", " ", text)
        for piece in (*quoted, bare):
            found.update(_words(_normalised(piece)))
    return found


def _hours(locale: "Locale") -> dict[str, frozenset[int]]:
    """Return the hours of the day that a word may stand beside: `am`, `pm`, and CLDR's parts of the day."""
    from babel.dates import get_period_id

    halves = {"am": set(range(12)), "pm": set(range(12, 24))}
    parts: dict[str, set[int]] = {}
    for hour in range(24):
        for minute in (0, 30):
            parts.setdefault(get_period_id(dt.time(hour, minute), locale=locale), set()).add(hour)
    hours: dict[str, set[int]] = {}
    for widths in locale.day_periods.values():
        for width in ("wide", "abbreviated"):
            for period, text in widths.get(width, {}).items():
                words = _words(_normalised(text))
                if len(words) == 1:
                    hours.setdefault(words[0], set()).update(halves.get(period) or parts.get(period) or ())
    return {word: frozenset(found) for word, found in hours.items() if found}

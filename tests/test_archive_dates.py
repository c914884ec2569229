"""The dates of activities.csv, against CLDR's own formatting of every language."""

import datetime as dt
from collections.abc import Sequence

import pytest
from babel.dates import format_datetime

from pipelines.archive import dates
from pipelines.archive.dates import read_dates

# Every day of a leap year, each at another time of day.
DAYS = [
    dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    + dt.timedelta(days=day, hours=day * 7 % 24, minutes=day % 60, seconds=day % 59)
    for day in range(366)
]
# Each number of such a day may be the month.
AMBIGUOUS = [moment for moment in DAYS if moment.day <= 12]
REGIONS = ("en_GB", "en_AU", "es_419", "pt_BR", "de_CH", "zh_Hant_HK")


def utc(year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)


@pytest.mark.parametrize("locale", [*dates.LOCALES, *REGIONS])
@pytest.mark.parametrize("moments", [DAYS, AMBIGUOUS], ids=["year", "ambiguous"])
def test_what_cldr_writes_is_read_back(locale: str, moments: Sequence[dt.datetime]) -> None:
    texts = [format_datetime(moment, "medium", locale=locale) for moment in moments]
    assert read_dates(texts) == moments


@pytest.mark.parametrize("locale", ["de", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv", "tr", "cs"])
def test_months_are_read_in_full_too(locale: str) -> None:
    texts = [format_datetime(moment, "d MMMM y HH:mm:ss", locale=locale) for moment in DAYS]
    assert read_dates(texts) == DAYS


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-09-12 15:02:23", utc(2018, 9, 12, 15, 2, 23)),
        ("2018-09-12T15:02:23+00:00", utc(2018, 9, 12, 15, 2, 23)),
        ("Apr 5, 2020, 10:11:12 AM", utc(2020, 4, 5, 10, 11, 12)),
        ("Apr 5, 2020, 12:05:00 AM", utc(2020, 4, 5, 0, 5)),
        ("Apr 5, 2020, 12:05:00 PM", utc(2020, 4, 5, 12, 5)),
        ("Apr 5, 2020, 10:11:12\u202fPM", utc(2020, 4, 5, 22, 11, 12)),
        ("25 Jun 2015, 11:18:35", utc(2015, 6, 25, 11, 18, 35)),
        ("25 Sept 2015, 11:18:35", utc(2015, 9, 25, 11, 18, 35)),
        ("09.12.2022, 15:24:49", utc(2022, 12, 9, 15, 24, 49)),
        ("9 mei 2026, 00:03:01", utc(2026, 5, 9, 0, 3, 1)),
        ("23 mrt. 2017 15:52:12", utc(2017, 3, 23, 15, 52, 12)),
        ("16 août 2026 à 09:01:41", utc(2026, 8, 16, 9, 1, 41)),
        ("5 de ago. de 2026, 20:45:59", utc(2026, 8, 5, 20, 45, 59)),
        ("16 ago. 2026 9:01:41 p. m.", utc(2026, 8, 16, 21, 1, 41)),
        ("2026年8月16日 09:01:41", utc(2026, 8, 16, 9, 1, 41)),
        ("2026年8月16日 下午9:01:41", utc(2026, 8, 16, 21, 1, 41)),
        ("2026. 8. 16. 오전 9:01:41", utc(2026, 8, 16, 9, 1, 41)),
        ("16. aug. 2026 09.01.41", utc(2026, 8, 16, 9, 1, 41)),
        ("16 авг. 2026 г., 09:01:41", utc(2026, 8, 16, 9, 1, 41)),
    ],
)
def test_forms_that_archives_have_or_older_cldr_had(text: str, moment: dt.datetime) -> None:
    assert read_dates([text]) == [moment]


def test_the_whole_column_settles_whether_the_day_comes_first() -> None:
    ambiguous, fourth_of_march, march_third = "03/04/2026 10:00:00", utc(2026, 4, 3, 10), utc(2026, 3, 4, 10)
    assert read_dates([ambiguous]) == [fourth_of_march]
    assert read_dates(["13/02/2026 10:00:00", ambiguous]) == [utc(2026, 2, 13, 10), fourth_of_march]
    assert read_dates(["02/13/2026 10:00:00", ambiguous]) == [utc(2026, 2, 13, 10), march_third]
    # In a column with both, the day comes first, and what cannot be a date then is none.
    assert read_dates(["02/13/2026 10:00:00", "13/02/2026 10:00:00"]) == [None, utc(2026, 2, 13, 10)]


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "yesterday", "5 Apr 2020", "10:11:12", "31 Feb 2020, 10:11:12", "5 Foo 2020, 10:11:12",
        "5 Apr May 2020, 10:11:12", "5 Apr 20, 10:11:12", "5 Apr 2020, 24:00:00", "5 Apr 2020, 10:61:12",
        "5 Apr 2020, 13:11:12 AM", "16. 8. 2026 qq 9:01:41", "16/08/26 09:01:41", "1 2 3 4 2026 09:01:41",
        "99999999999999999999 Apr 2020, 10:11:12", "2018-13-12 15:02:23", "5 Apr 2020, 10:11:12" + " x" * 60, "²/³/2026 10:00:00 ⅷ",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none_and_leaves_the_others_alone(text: str) -> None:
    assert read_dates([text, "6 Apr 2020, 10:11:12"]) == [None, utc(2020, 4, 6, 10, 11, 12)]


def test_a_word_of_another_language_is_not_guessed() -> None:
    assert read_dates(["5 mei 2020, 10:11:12", "6 jul 2020, 10:11:12", "7 août 2020, 10:11:12"]) == [
        utc(2020, 5, 5, 10, 11, 12),
        utc(2020, 7, 6, 10, 11, 12),
        None,
    ]


def test_only_the_languages_that_are_needed_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    original = dates.vocabulary_of

    def load(language: str) -> object:
        loaded.append(language)
        return original(language)

    monkeypatch.setattr(dates, "vocabulary_of", load)
    read_dates(["2018-09-12 15:02:23", "09.12.2022, 15:24:49", ""])
    assert loaded == []
    read_dates(["Apr 5, 2020, 10:11:12 AM", "25 Sept 2015, 11:18:35"])
    assert loaded == ["en"]


def test_no_word_means_two_things_in_two_languages() -> None:
    months: dict[str, set[int]] = {}
    halves: dict[str, set[bool]] = {}
    for locale in dates.LOCALES:
        vocabulary = dates.vocabulary_of(locale)
        for word, month in vocabulary.months.items():
            months.setdefault(word, set()).add(month)
        for word, hours in vocabulary.hours.items():
            # A part of the day such as the night may lie in both halves, and then says less, but nothing else.
            if max(hours) < 12 or min(hours) >= 12:
                halves.setdefault(word, set()).add(max(hours) < 12)
    assert {word: found for word, found in months.items() if len(found) > 1} == {}
    assert {word: found for word, found in halves.items() if len(found) > 1} == {}

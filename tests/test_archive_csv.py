"""activities.csv in the layouts and languages of the years, and the small files beside it."""

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.archive.activities_csv import Row, Table, read_activities
from pipelines.archive.profile import gear_of, read_athlete
from pipelines.archive.recording import UnreadableError

FIRST = [
    *(
        "Activity ID",
        "Activity Date",
        "Activity Name",
        "Activity Type",
        "Activity Description",
        "Elapsed Time",
    ),
    *("Distance", "Max Heart Rate", "Relative Effort", "Commute", "Activity Private Note", "Activity Gear"),
    *("Filename", "Athlete Weight", "Bike Weight"),
]
BLOCK = [
    *(
        "Elapsed Time",
        "Moving Time",
        "Distance",
        "Max Speed",
        "Average Speed",
        "Elevation Gain",
        "Elevation Loss",
    ),
    *("Elevation Low", "Elevation High", "Max Grade", "Average Grade", "Average Positive Grade"),
    *("Average Negative Grade", "Max Cadence", "Average Cadence", "Max Heart Rate", "Average Heart Rate"),
    *("Max Watts", "Average Watts", "Calories", "Max Temperature", "Average Temperature", "Relative Effort"),
    *(
        "Total Work",
        "Number of Runs",
        "Uphill Time",
        "Downhill Time",
        "Other Time",
        "Perceived Exertion",
        "Type",
    ),
    *("Start Time", "Weighted Average Power", "Power Count", "Prefer Perceived Exertion"),
    *(
        "Perceived Relative Effort",
        "Commute",
        "Total Weight Lifted",
        "From Upload",
        "Grade Adjusted Distance",
    ),
    *(
        "Weather Observation Time",
        "Weather Condition",
        "Weather Temperature",
        "Apparent Temperature",
        "Dewpoint",
    ),
    *("Humidity", "Weather Pressure", "Wind Speed", "Wind Gust", "Wind Bearing", "Precipitation Intensity"),
    *("Sunrise Time", "Sunset Time", "Moon Phase", "Bike", "Gear", "Precipitation Probability", "Media"),
]
# Of July 2020: no maximum heart rate and no note before the file, no Type and Start Time in the block.
OLD_FIRST = [title for title in FIRST if title not in ("Max Heart Rate", "Activity Private Note")]
OLD_BLOCK = [title for title in BLOCK if title not in ("Type", "Start Time", "Media")]

START = dt.datetime(2026, 3, 1, 18, 5, 9, tzinfo=dt.UTC)
# The columns of a ride as a person reads them, and the same in the block.
RIDE: dict[str, object] = {
    "Activity ID": 9000000001,
    "Activity Date": "Mar 1, 2026, 6:05:09 PM",
    "Activity Name": "To work",
    "Activity Type": "Virtual Ride",
    "Activity Description": 'Two laps, then "home".\nLine two, with a comma',
    "Elapsed Time": 1875,
    "Distance": "9.38",
    "Commute": "false",
    "Activity Gear": "Bike One",
    "Filename": "activities/9500000001.fit.gz",
}
RIDE_RAW: dict[str, object] = {
    "Elapsed Time": "1876.0",
    "Moving Time": "1800.0",
    "Distance": "9385.2001953125",
    "Max Speed": "12.5",
    "Average Speed": "5.214",
    "Elevation Gain": "31.0",
    "Elevation Loss": "30.0",
    "Elevation Low": "-3.5",
    "Elevation High": "12.25",
    "Max Cadence": "99.0",
    "Average Cadence": "84.5",
    "Max Heart Rate": "171.0",
    "Average Heart Rate": "148.0",
    "Max Watts": "612.0",
    "Average Watts": "185.0",
    "Calories": "350.0",
    "Average Temperature": "21.0",
    "Relative Effort": "41.0",
    "Total Work": "333000.0",
    "Weighted Average Power": "190.0",
    "Power Count": "1800.0",
    "Commute": "1.0",
    "From Upload": "1.0",
    "Bike": "60000001.0",
}
RIDE_VALUES = {
    "id": 9000000001,
    "name": "To work",
    "start_date": START,
    "sport_type": "VirtualRide",
    "type": "VirtualRide",
    "distance": 9385.2001953125,
    "elapsed_time": 1876,
    "moving_time": 1800,
    "max_speed": 12.5,
    "average_speed": 5.214,
    "total_elevation_gain": 31.0,
    "elev_low": -3.5,
    "elev_high": 12.25,
    "average_cadence": 84.5,
    "max_heartrate": 171.0,
    "average_heartrate": 148.0,
    "max_watts": 612.0,
    "average_watts": 185.0,
    "calories": 350.0,
    "average_temp": 21.0,
    "suffer_score": 41.0,
    "weighted_average_watts": 190.0,
    "kilojoules": 333.0,
    "commute": True,
    "device_watts": True,
    "gear_id": "b60000001",
    "has_heartrate": True,
    "manual": False,
    "workout_type": None,
}


def text_of(titles: Sequence[str], rows: Sequence[Sequence[object]], end: str = "\n") -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(titles)
    writer.writerows(rows)
    return out.getvalue()


def cells(
    first: Sequence[str],
    block: Sequence[str],
    in_first: Mapping[str, object],
    in_block: Mapping[str, object] = {},
) -> list[object]:
    """Return a row of these titles: what the first columns hold, then what the block does."""
    return [in_first.get(title, "") for title in first] + [in_block.get(title, "") for title in block]


def read(first: Mapping[str, object] = {}, block: Mapping[str, object] = {}) -> Row:
    """Return the ride with these columns changed, from a file of today's layout."""
    row = cells(FIRST, BLOCK, RIDE | dict(first), RIDE_RAW | dict(block))
    return only(read_activities(text_of(FIRST + BLOCK, [row]).encode()))


def only(table: Table) -> Row:
    assert list(table.problems) == []
    assert len(table.rows) == 1
    return table.rows[0]


def short(*rows: Mapping[str, object]) -> Table:
    """Return a file of March 2020: 11 columns, no raw block."""
    titles = OLD_FIRST[:-2]
    return read_activities(text_of(titles, [cells(titles, [], RIDE | dict(row)) for row in rows]).encode())


def distances(*rows: tuple[str, str]) -> list[float | None]:
    """Return the distances of a file of 11 columns with these sports and first distances."""
    table = short(
        *({"Activity ID": i, "Activity Type": s, "Distance": d} for i, (s, d) in enumerate(rows, 1))
    )
    return [row.values["distance"] for row in table.rows]


def test_the_raw_block_gives_every_value() -> None:
    row = read()
    assert row.values == RIDE_VALUES
    assert (row.number, row.file_name, row.gear_name) == (2, "activities/9500000001.fit.gz", "Bike One")
    assert (row.sport_name, row.is_sport_known, row.problem) == ("Virtual Ride", True, None)
    assert not row.is_error_file
    assert not row.is_distance_rounded


def test_no_title_is_read_in_any_language() -> None:
    # Titles without a meaning, with the same five of them repeated.
    words = {title: f"Wort {number}" for number, title in enumerate(dict.fromkeys(FIRST + BLOCK))}
    titles = [words[title] for title in FIRST + BLOCK]
    values = {
        "Activity Date": "01.03.2026, 18:05:09",
        "Activity Type": "Virtuelle Radfahrt",
        "Distance": "9,38",
    }
    table = read_activities(text_of(titles, [cells(FIRST, BLOCK, RIDE | values, RIDE_RAW)]).encode())
    assert only(table).values == RIDE_VALUES
    assert table.has_raw_block


def test_titles_may_be_html() -> None:
    titles = [f'<span class="translation_missing" title="x, y">{title}</span>' for title in FIRST + BLOCK]
    assert (
        only(read_activities(text_of(titles, [cells(FIRST, BLOCK, RIDE, RIDE_RAW)]).encode())).values
        == RIDE_VALUES
    )


def test_more_columns_may_follow() -> None:
    titles, row = [*FIRST, *BLOCK, "Brand new"], [*cells(FIRST, BLOCK, RIDE, RIDE_RAW), "7"]
    assert only(read_activities(text_of(titles, [row]).encode())).values == RIDE_VALUES


@pytest.mark.parametrize(
    ("marks", "workout_type"), [(("1.0", "0.0"), 1), (("", "1.0"), 2), (("0.0", ""), None), (("", ""), None)]
)
def test_a_race_and_a_long_run_are_marked_further_on(
    marks: tuple[str, str], workout_type: int | None
) -> None:
    titles, row = [*FIRST, *BLOCK, "Competition", "Long Run"], [*cells(FIRST, BLOCK, RIDE, RIDE_RAW), *marks]
    values = only(read_activities(text_of(titles, [row]).encode())).values
    assert values == RIDE_VALUES | {"workout_type": workout_type}


def test_the_block_of_july_2020_is_two_columns_shorter() -> None:
    row = cells(OLD_FIRST, OLD_BLOCK, RIDE, RIDE_RAW)
    assert only(read_activities(text_of(OLD_FIRST + OLD_BLOCK, [row]).encode())).values == RIDE_VALUES


@pytest.mark.parametrize(("first", "block"), [(FIRST, BLOCK), (OLD_FIRST, OLD_BLOCK)], ids=["today", "2020"])
def test_pandas_numbers_the_repeated_titles(first: list[str], block: list[str]) -> None:
    titles = first + [f"{title}.1" if title in first else title for title in block]
    table = read_activities(text_of(titles, [cells(first, block, RIDE, RIDE_RAW)]).encode())
    assert only(table).values == RIDE_VALUES


def test_a_spreadsheet_may_have_saved_it_again() -> None:
    changed = RIDE | {"Commute": "FALSE"}
    text = text_of(FIRST + BLOCK, [cells(FIRST, BLOCK, changed, RIDE_RAW)], end="\r\n")
    assert only(read_activities(text.encode())).values == RIDE_VALUES
    # A mark before a quotation mark would make it part of the first title, and its comma a column.
    quoted = text.replace("Activity ID", '"ID, of the activity"', 1)
    assert only(read_activities(b"\xef\xbb\xbf" + quoted.encode())).values == RIDE_VALUES
    assert only(read_activities(text.encode() + b"\r\n,,,\r\n")).values == RIDE_VALUES


def test_the_layout_of_2018_is_in_metres() -> None:
    text = (
        "id,date,name,type,description,elapsed_time,distance,commute,gear,filename\n"
        '800000001,2018-05-01 06:00:00,Morning Ride,Ride,"",3600,25004.4,true,Bike One,activities/800000001.gpx\n'
        '800000002,2018-05-02 23:30:00,Walk,Walk,"",1200,1500.0,false,"",""\n'
    )
    table = read_activities(text.encode())
    ride, walk = table.rows
    assert not table.has_raw_block
    assert ride.values["start_date"] == dt.datetime(2018, 5, 1, 6, tzinfo=dt.UTC)
    assert [(r.values["distance"], r.is_distance_rounded) for r in (ride, walk)] == [
        (25004.4, False),
        (1500, False),
    ]
    assert (ride.values["elapsed_time"], ride.values["moving_time"], ride.values["has_heartrate"]) == (
        3600,
        None,
        None,
    )
    assert (ride.values["commute"], walk.values["commute"]) == (True, False)
    assert (ride.gear_name, ride.values["gear_id"], walk.gear_name) == ("Bike One", None, None)
    assert (ride.file_name, ride.values["manual"]) == ("activities/800000001.gpx", False)
    assert (walk.file_name, walk.values["manual"]) == (None, True)


def test_the_layout_of_july_2019_is_in_kilometres() -> None:
    text = (
        "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,Elapsed Time,Distance,Commute,"
        'Activity Gear,Filename\n1,"Sep 12, 2018, 3:02:23 PM",Evening Ride,Ride,,783,3.68,true,Merida,\n'
    )
    row = only(read_activities(text.encode()))
    assert (row.values["distance"], row.is_distance_rounded, row.gear_name) == (3680, True, "Merida")


def test_only_the_oldest_layout_is_in_metres() -> None:
    # A spreadsheet may have written the dates of a younger file in ISO 8601.
    row = only(short({"Activity Date": "2026-03-01 18:05:09"}))
    assert (row.values["start_date"], row.values["distance"]) == (START, 9380)


def test_relative_effort_came_in_march_2020() -> None:
    row = only(short({"Relative Effort": "83", "Commute": "true"}))
    assert (row.values["suffer_score"], row.values["commute"]) == (83, True)
    assert row.values["moving_time"] is None
    assert row.file_name == "activities/9500000001.fit.gz"


@pytest.mark.parametrize(
    ("sport", "text", "metres", "is_rounded"),
    [
        ("Run", "5.00", 5000, True),
        ("Ride", "1,234.56", 1234560, True),
        ("Run", "0", 0, False),
        ("Run", "0.00", 0, True),
        ("Swim", "1,500", 1500, False),
        ("Swim", "700", 700, False),
        ("Rowing", "10,029", 10029, False),
        ("Virtual Rowing", "2,000", 2000, False),
        ("Sail", "15.9", 29446.8, True),
        # A sport that nobody knows: without decimals it is in metres.
        ("Quidditch", "4.10", 4100, True),
        ("Quidditch", "1,450", 1450, False),
    ],
)
def test_the_first_distance_is_in_the_unit_of_its_sport(
    sport: str, text: str, metres: float, is_rounded: bool
) -> None:
    row = only(short({"Activity Type": sport, "Distance": text}))
    assert row.values["distance"] == pytest.approx(metres)
    assert row.is_distance_rounded is is_rounded


def test_the_whole_column_settles_the_decimal_mark() -> None:
    assert distances(("Schwimmen", "1.500"), ("Lauf", "9,44"), ("Radfahrt", "1.234,50")) == [
        1500,
        9440,
        1234500,
    ]
    assert distances(("Natation", "1 500"), ("Course à pied", "9,44")) == [1500, 9440]
    assert distances(("Swim", "1,500"), ("Swim", "10,029")) == [1500, 10029]
    assert distances(("Schwimmen", "1.500"), ("Schwimmen", "10.029")) == [1500, 10029]
    # Settled as a comma, and then one with a point that groups nothing: not guessed.
    assert distances(("Lauf", "9,44"), ("Lauf", "8,10"), ("Lauf", "7.25")) == [9440, 8100, None]


def test_a_spreadsheet_cuts_zeros_off_kilometres() -> None:
    # So a whole number says nothing about the unit of an unknown sport in that file.
    assert distances(("Run", "5"), ("Run", "2.5"), ("Swim", "700"), ("Quidditch", "6")) == [
        5000,
        2500,
        700,
        None,
    ]


@pytest.mark.parametrize(
    ("first", "block", "name", "value"),
    [
        ({}, {"Elapsed Time": ""}, "elapsed_time", 1875),
        ({}, {"Distance": ""}, "distance", 9380),
        ({}, {"Moving Time": ""}, "moving_time", None),
        ({}, {"Average Speed": ""}, "average_speed", pytest.approx(9385.2 / 1800, rel=1e-6)),
        ({}, {"Average Speed": "", "Moving Time": "0.0"}, "average_speed", None),
        ({"Max Heart Rate": "168.0"}, {"Max Heart Rate": ""}, "max_heartrate", 168),
        ({"Relative Effort": "40"}, {"Relative Effort": ""}, "suffer_score", 40),
        ({}, {"Average Heart Rate": "", "Max Heart Rate": ""}, "has_heartrate", False),
        ({}, {"Power Count": "0.0"}, "device_watts", None),
        ({}, {"Commute": "0.0"}, "commute", False),
        ({"Commute": "true"}, {"Commute": ""}, "commute", True),
        ({}, {"Bike": "", "Gear": "70000001.0"}, "gear_id", "g70000001"),
        ({}, {"Bike": ""}, "gear_id", None),
        ({}, {"Total Work": ""}, "kilojoules", None),
        ({}, {"Elevation Gain": "nan"}, "total_elevation_gain", None),
        ({}, {"Elevation Gain": "1e999"}, "total_elevation_gain", None),
        ({"Filename": ""}, {"From Upload": "0.0"}, "manual", True),
        ({"Filename": ""}, {"From Upload": "1.0"}, "manual", False),
        ({"Activity Type": "Gravel Ride"}, {}, "type", "Ride"),
    ],
)
def test_what_the_block_lacks(
    first: dict[str, object], block: dict[str, object], name: str, value: object
) -> None:
    assert read(first, block).values[name] == value


def test_a_lost_file_is_told_from_none() -> None:
    assert (read({"Filename": "#error#"}).file_name, read({"Filename": "#error#"}).is_error_file) == (
        "#error#",
        True,
    )
    assert (read({"Filename": ""}).file_name, read({"Filename": ""}).is_error_file) == (None, False)


def test_an_unknown_sport_keeps_its_name() -> None:
    row = read({"Activity Type": "Quidditch"})
    assert (row.values["sport_type"], row.values["type"], row.is_sport_known) == (
        "Quidditch",
        "Quidditch",
        False,
    )
    row = read({"Activity Type": ""})
    assert (row.values["sport_type"], row.values["type"], row.is_sport_known) == (None, None, False)


def test_a_row_without_a_date_says_so() -> None:
    row = read({"Activity Date": "yesterday"})
    assert row.values["start_date"] is None
    assert row.problem == "its date 'yesterday' cannot be read"


def test_rows_without_an_id_of_their_own_are_left_out_and_told() -> None:
    rows = [
        RIDE,
        RIDE | {"Activity ID": "9.00E+09"},
        RIDE,
        RIDE | {"Activity ID": ""},
        RIDE | {"Activity ID": "12.0"},
    ]
    table = short(*rows)
    assert [(row.number, row.values["id"]) for row in table.rows] == [(2, 9000000001), (6, 12)]
    assert list(table.problems) == [
        "row 3: '9.00E+09' is no activity's id",
        "row 4: activity 9000000001 is in row 2 already",
        "row 5: '' is no activity's id",
    ]


def test_a_row_may_be_shorter_than_the_titles() -> None:
    row = cells(FIRST, BLOCK, RIDE, RIDE_RAW)[:18]
    values = only(read_activities(text_of(FIRST + BLOCK, [row]).encode())).values
    assert (values["moving_time"], values["distance"], values["max_speed"]) == (1800, 9385.2001953125, None)


def test_no_activity_needs_a_file() -> None:
    row = read({"Filename": ""}, {"From Upload": ""})
    assert (row.file_name, row.gear_name, row.values["manual"]) == (None, "Bike One", True)


def test_an_archive_may_have_no_activity() -> None:
    assert read_activities(text_of(FIRST + BLOCK, []).encode()) == Table([], [], has_raw_block=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("name,brand,model\nA,B,C\n", "it has too few columns"),
        ("id;date;name;type;description;elapsed_time;distance\n", "its columns are not separated by commas"),
        (
            text_of(FIRST, [cells(FIRST, [], RIDE | {"Activity ID": "x"})]),
            "no row begins with an activity's id",
        ),
        (
            ",id,type,name,distance,moving_time,elapsed_time\n1,17,Run,Lunch,3.4,7,8\n",
            "its columns are not those of",
        ),
        ("id,date,gear,type,a,b,c\n1,2018-05-01 06:00:00,,Run,,3.4,7\n", "its columns are not those of"),
    ],
)
def test_another_file_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=f"^{re.escape(reason)}"):
        read_activities(text.encode())


def test_rows_before_a_quotation_without_end_are_kept() -> None:
    row = text_of(FIRST, [cells(FIRST, [], RIDE)])
    table = read_activities(row.encode() + b'9000000002,"' + b"x" * 200_000)
    assert [activity.values["id"] for activity in table.rows] == [9000000001]
    assert list(table.problems) == [
        "row 3: field larger than field limit (131072); nothing after it was read"
    ]


def test_rows_and_columns_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.archive.activities_csv.MAX_ROWS", 3)
    text = text_of(FIRST, [cells(FIRST, [], RIDE)])
    assert len(read_activities(text.encode() + b"\n").rows) == 1
    with pytest.raises(UnreadableError, match="more than 3 rows"):
        read_activities(text.encode() + b"\n\n\n")
    with pytest.raises(UnreadableError, match="2000 columns"):
        read_activities(b"," * 2001)


def test_letters_in_another_encoding_cost_only_letters() -> None:
    text = text_of(FIRST + BLOCK, [cells(FIRST, BLOCK, RIDE | {"Activity Name": "Zür"}, RIDE_RAW)])
    table = read_activities(text.encode("cp1252"))
    assert table.rows[0].values == RIDE_VALUES | {"name": "Z\ufffdr"}
    assert list(table.problems) == [
        "the file is not in UTF-8 (re-saved by a spreadsheet?): some letters are lost"
    ]


VALID = text_of(FIRST + BLOCK, [cells(FIRST, BLOCK, RIDE, RIDE_RAW)] * 3).encode()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.binary(max_size=8)), max_size=6))
def test_any_bytes_are_read_or_refused(changes: list[tuple[int, bytes]]) -> None:
    content = VALID
    for place, inserted in changes:
        content = content[:place] + inserted + content[place + len(inserted) :]
    try:
        table = read_activities(content)
    except UnreadableError:
        return
    ids = [row.values["id"] for row in table.rows]
    assert len(ids) == len(set(ids))
    assert all(0 < activity_id < 10**18 for activity_id in ids)


PROFILE = (
    "Athlete ID,Email Address,First Name,Last Name,Sex,Description,Weight,City,State,Country,Health Consent Status\n"
    '77,canary@example.org,Ann,Lee,Female,"a, b",61.5,Oslo,,Norway,Approved\n'
)
PREFERENCES = (
    "Date of Birth,Weight,Functional Threshold Power,Maximum Heartrate,Athlete Type,Measurement Preference\n"
    '"Jun 12, 1985",{weight},{ftp},{heartrate},Runner,{units}\n'
)


def preferences(weight: str = "", ftp: str = "", heartrate: str = "", units: str = "") -> bytes:
    return PREFERENCES.format(weight=weight, ftp=ftp, heartrate=heartrate, units=units).encode()


def test_the_athlete_is_the_profiles_without_the_address() -> None:
    athlete = read_athlete(PROFILE.encode(), preferences("60.0 kg", "233 W", "188", "Metric"))
    assert athlete == {
        "id": 77,
        "firstname": "Ann",
        "lastname": "Lee",
        "sex": "F",
        "weight": 60.0,
        "city": "Oslo",
        "country": "Norway",
        "ftp": 233,
        "measurement_preference": "meters",
        "max_heartrate": 188,
    }
    assert "canary" not in str(athlete)


def test_the_profile_of_2018_has_no_id() -> None:
    text = (
        "email,firstname,lastname,sex,description,weight,city,state,country\n"
        "canary@example.org,Ann,Lee,M,,90.0,Cairo,C,Egypt\n"
    )
    athlete = read_athlete(text.encode(), None)
    assert athlete is not None
    found = [athlete[name] for name in ("id", "firstname", "sex", "weight", "city", "country", "ftp")]
    assert found == [None, "Ann", "M", 90.0, "Cairo", "Egypt", None]


@pytest.mark.parametrize(
    ("weight", "kg"),
    [
        ("70.0 kg", 70),
        ("70,5 kg", 70.5),
        ("150 lb", 68.0388555),
        (" kg", 61.5),
        ("0.0 kg", 61.5),
        ("heavy", 61.5),
    ],
)
def test_the_weight_is_in_kilograms(weight: str, kg: float) -> None:
    quoted = f'"{weight}"'
    athlete = read_athlete(PROFILE.encode(), preferences(quoted))
    assert athlete is not None
    assert athlete["weight"] == pytest.approx(kg)


@pytest.mark.parametrize("content", [None, b"", b"Athlete ID,Email Address\n", b"\xff\xfe\x00"])
def test_without_a_profile_there_is_no_athlete(content: bytes | None) -> None:
    assert read_athlete(content, preferences(ftp="133 W")) is None


def test_gear_has_the_name_of_the_latest_activity_that_names_it() -> None:
    rows = [
        read({"Activity ID": 3, "Activity Date": "Mar 3, 2026, 6:00:00 PM", "Activity Gear": ""}),
        read({"Activity ID": 2, "Activity Date": "Mar 2, 2026, 6:00:00 PM", "Activity Gear": "Renamed"}),
        read({"Activity ID": 1}),
        read({"Activity ID": 4, "Activity Gear": "Shoe"}, {"Bike": "", "Gear": "70000001.0"}),
        read({"Activity ID": 5}, {"Bike": ""}),
    ]
    assert gear_of(rows) == [
        {"id": "b60000001", "gear_kind": "bike", "name": "Renamed"},
        {"id": "g70000001", "gear_kind": "shoe", "name": "Shoe"},
    ]

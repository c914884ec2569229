"""The simulated bulk export is what Strava's is known to be: what all tests of the import stand on."""

import csv
import datetime as dt
import gzip
import io
import itertools
import math
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import fitdecode
import pytest
import tzfpy
from lxml import etree

from tests.harness import ROOT
from tests.simulated_strava import every_kind, history, streams_of
from tests.simulated_strava.activities_csv import LAYOUTS, Variant
from tests.simulated_strava.athlete import HOME, TRIP, Activity, Session
from tests.simulated_strava.export import (
    DECOY,
    DECOYS,
    recording,
    write_export,
    write_unpacked,
)
from tests.simulated_strava.summaries import activity_of

GPX = "{http://www.topografix.com/GPX/1/1}"
POINT = "{http://www.garmin.com/xmlschemas/TrackPointExtension/v1}"
TCX = "{http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2}"
TPX = "{http://www.garmin.com/xmlschemas/ActivityExtension/v2}"


def short(sport: str, seed: int = 1, **more: Any) -> Activity:
    """A session of some minutes; a None stands in its streams when the seed of these allows for it."""
    begins = dt.datetime(2026, 7, 3, 18, 5, 9, tzinfo=more.pop("zone", HOME))
    made = activity_of(random.Random(seed), Session(sport, "Short & sweet", 1.2, 3.0, **more), begins)
    return Activity(made.summary, 9 * 5 * 11 * seed, made.session)


RUN = short("Run", pause_s=100)
RIDE = short("Ride", pause_s=100, has_power_meter=True, zone=TRIP)
POOL = short("Swim", is_indoor=True, shape="pool")
INDOORS = short("VirtualRide", is_indoor=True, has_power_meter=True)
PHONE = short("Run", seed=2, has_sensors=False, pause_s=60)


def rows_of(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.reader(io.StringIO(archive.read("activities.csv").decode(), newline="")))


def expected(activity: Activity) -> dict[str, list[Any]]:
    """The API's samples by the names of the tests, times as epoch seconds."""
    streams = dict(streams_of(activity) or {})
    start = dt.datetime.fromisoformat(activity.summary["start_date"]).timestamp()
    pairs = streams.pop("latlng", None)
    if pairs:
        streams |= {"lat": [p and p[0] for p in pairs], "lng": [p and p[1] for p in pairs]}
    streams["time"] = [start + second for second in streams["time"]]
    return {name: values for name, values in streams.items() if name not in ("moving", "grade_smooth")}


def pauses(activity: Activity) -> list[tuple[float, float]]:
    """From the last sample before to the first one after each stretch in which the athlete stood.

    In the pool there is only one sample a length, and no pause in these tests.
    """
    times = expected(activity)["time"]
    return (
        [pair for pair in itertools.pairwise(times) if pair[1] - pair[0] > 20] if activity is not POOL else []
    )


def assert_same(found: dict[str, list[Any]], should: dict[str, list[Any]], *lacking: str) -> None:
    assert set(found) == set(should) - set(lacking)
    for name, values in found.items():
        assert len(values) == len(should[name])
        for value, other in zip(values, should[name], strict=True):
            assert (value is None) == (other is None), name
            assert value is None or value == pytest.approx(other, rel=0, abs=1e-7), name


# --- recordings ---------------------------------------------------------------------------------------------


FIT_FIELDS = {
    "distance": "distance",
    "enhanced_altitude": "altitude",
    "enhanced_speed": "velocity_smooth",
    "heart_rate": "heartrate",
    "cadence": "cadence",
    "power": "watts",
    "temperature": "temp",
    "position_lat": "lat",
    "position_long": "lng",
}


def read_fit(content: bytes) -> tuple[dict[str, list[Any]], list[Any]]:
    """The samples, and all other messages."""
    samples: dict[str, list[Any]] = {}
    others = []
    with fitdecode.FitReader(io.BytesIO(gzip.decompress(content))) as reader:
        for frame in reader:
            if not isinstance(frame, fitdecode.FitDataMessage):
                continue
            if frame.name != "record":
                others.append(frame)
                continue
            samples.setdefault("time", []).append(frame.get_value("timestamp").timestamp())
            for field, name in FIT_FIELDS.items():
                if frame.has_field(field):
                    value = frame.get_value(field)
                    if name in ("lat", "lng") and value is not None:
                        value *= 180 / 2**31
                    samples.setdefault(name, []).append(value)
    return samples, others


@pytest.mark.parametrize("activity", [RUN, RIDE, POOL, INDOORS, PHONE], ids=lambda a: a.summary["sport_type"])
def test_a_fit_file_holds_the_samples_that_the_api_serves(activity: Activity) -> None:
    samples, _ = read_fit(recording(activity, "1.fit.gz"))
    assert_same(samples, expected(activity))


def test_a_fit_file_tells_pauses_sport_and_the_wall_clock() -> None:
    _, others = read_fit(recording(RIDE, "1.fit.gz"))
    events = [
        (frame.get_value("timestamp").timestamp(), frame.get_value("event_type"))
        for frame in others
        if frame.name == "event"
    ]
    (first, *inner, last), breaks = events, pauses(RIDE)
    assert len(breaks) == 2
    assert inner == [pair for since, until in breaks for pair in ((since, "stop_all"), (until, "start"))]
    assert (first[1], last[1]) == ("start", "stop_all")
    (session,) = [frame for frame in others if frame.name == "session"]
    assert (session.get_value("sport"), session.get_value("sub_sport")) == ("cycling", "generic")
    assert session.get_value("total_elapsed_time") == RIDE.summary["elapsed_time"] == 500
    assert session.get_value("total_timer_time") == pytest.approx(400, abs=2)
    (activity,) = [frame for frame in others if frame.name == "activity"]
    wall = activity.get_value("local_timestamp")
    ahead = wall.replace(tzinfo=dt.UTC) - activity.get_value("timestamp")
    assert ahead == dt.timedelta(hours=5, minutes=30)


def read_gpx(content: bytes) -> tuple[dict[str, list[Any]], Any]:
    root = etree.fromstring(content)
    samples: dict[str, list[Any]] = {}
    for point in root.iter(GPX + "trkpt"):
        values: dict[str, Any] = {"lat": float(point.get("lat")), "lng": float(point.get("lon"))}
        values["time"] = dt.datetime.fromisoformat(point.findtext(GPX + "time")).timestamp()
        for tag, name in (("ele", "altitude"), ("extensions/" + GPX + "power", "watts")):
            values[name] = point.findtext(GPX + tag)
        for tag, name in (("hr", "heartrate"), ("cad", "cadence"), ("atemp", "temp")):
            values[name] = point.findtext(f"{GPX}extensions/{POINT}TrackPointExtension/{POINT}{tag}")
        for name, value in values.items():
            samples.setdefault(name, []).append(None if value is None else float(value))
    return {name: values for name, values in samples.items() if set(values) != {None}}, root


@pytest.mark.parametrize("ending", ["gpx", "gpx.gz"])
@pytest.mark.parametrize("seed", [8, 9])
def test_a_gpx_file_holds_what_gpx_can(ending: str, seed: int) -> None:
    # Every stream has its values here, and positions all of them: the seed is no multiple of 11.
    ride = short("Ride", pause_s=100, has_power_meter=True)
    ride = Activity(ride.summary, 9 * 5 * seed, ride.session)
    content = recording(ride, f"1.{ending}")
    samples, root = read_gpx(gzip.decompress(content) if ending == "gpx.gz" else content)
    assert_same(samples, expected(ride), "distance", "velocity_smooth")
    is_app = ending == "gpx"
    assert root.get("creator").startswith("StravaGPX") == is_app
    assert len(list(root.iter(GPX + "trkseg"))) == (1 if is_app else 3)
    assert root.findtext(f"{GPX}trk/{GPX}name") == "Short & sweet"


@pytest.mark.parametrize("activity", [RUN, POOL, INDOORS], ids=lambda a: a.summary["sport_type"])
def test_a_tcx_file_holds_all_but_temperature_after_leading_blanks(activity: Activity) -> None:
    content = gzip.decompress(recording(activity, "1.tcx.gz"))
    assert content.startswith(b" " * 10 + b"<?xml")
    root = etree.fromstring(content.lstrip())
    is_run = activity is RUN
    extension = f"{TCX}Extensions/{TPX}TPX/{TPX}"
    paths = {
        "lat": f"{TCX}Position/{TCX}LatitudeDegrees",
        "lng": f"{TCX}Position/{TCX}LongitudeDegrees",
        "altitude": f"{TCX}AltitudeMeters",
        "distance": f"{TCX}DistanceMeters",
        "heartrate": f"{TCX}HeartRateBpm/{TCX}Value",
        "cadence": extension + "RunCadence" if is_run else f"{TCX}Cadence",
        "velocity_smooth": extension + "Speed",
        "watts": extension + "Watts",
    }
    samples: dict[str, list[Any]] = {}
    for point in root.iter(TCX + "Trackpoint"):
        time = dt.datetime.fromisoformat(point.findtext(TCX + "Time")).timestamp()
        samples.setdefault("time", []).append(time)
        for name, path in paths.items():
            text = point.findtext(path)
            samples.setdefault(name, []).append(None if text is None else float(text))
    samples = {name: values for name, values in samples.items() if set(values) != {None}}
    assert_same(samples, expected(activity), "temp")
    assert len(list(root.iter(TCX + "Track"))) == len(pauses(activity)) + 1
    assert root.find(f".//{TCX}Activity").get("Sport") == {"Run": "Running", "VirtualRide": "Biking"}.get(
        activity.summary["sport_type"], "Other"
    )


def test_the_streams_of_these_tests_have_holes() -> None:
    holes = {name for a in (RUN, RIDE) for name, values in (streams_of(a) or {}).items() if None in values}
    assert holes == {"heartrate", "watts", "latlng"}


# --- the archive --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def several() -> list[Activity]:
    """Some activities of each kind and of each format."""
    return every_kind() + history(seed=2, years=0.25, end=dt.date(2026, 5, 1))


@pytest.fixture(scope="module")
def archive(several: list[Activity], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    write_export(path, several, modified_at=dt.datetime(2026, 5, 2, 3, 4, 6, tzinfo=dt.UTC))
    return path


def test_every_row_s_file_is_there_and_no_other(archive: Path, several: list[Activity]) -> None:
    rows = {int(row[0]): row for row in rows_of(archive)[1:]}
    assert list(rows) == sorted(activity.id for activity in several)
    with zipfile.ZipFile(archive) as members:
        names = [name for name in members.namelist() if name.startswith("activities/")]
    assert sorted(names) == sorted(row[12] for row in rows.values() if row[12])
    endings = [name.partition(".")[2] for name in names]
    assert set(endings) == {"fit.gz", "tcx.gz", "gpx.gz", "gpx"}
    assert endings.count("fit.gz") > len(endings) / 2
    for activity in several:
        summary, name = activity.summary, rows[activity.id][12]
        assert (name == "") == summary["manual"]
        if name:
            number = int(name.removeprefix("activities/").partition(".")[0])
            assert number == (activity.id if name.endswith(".gpx") else summary["upload_id"])
            assert activity.session
            assert activity.session.has_sensors or name.endswith(".gpx")


def test_the_same_activities_make_the_same_bytes(
    archive: Path, several: list[Activity], tmp_path: Path
) -> None:
    at = dt.datetime(2026, 5, 2, 5, 4, 6, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    write_export(tmp_path / "again.zip", several, modified_at=at)
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(archive) as members:
        assert {member.date_time for member in members.infolist()} == {(2026, 5, 2, 3, 4, 6)}


def test_the_unpacked_export_is_the_same(tmp_path: Path) -> None:
    at = dt.datetime(2026, 5, 2, 3, 4, 6, tzinfo=dt.UTC)
    write_export(tmp_path / "export.zip", [RUN, PHONE], modified_at=at)
    write_unpacked(tmp_path / "export", [RUN, PHONE], modified_at=at)
    files = [path for path in (tmp_path / "export").rglob("*") if path.is_file()]
    assert {path.stat().st_mtime for path in files} == {at.timestamp()}
    with zipfile.ZipFile(tmp_path / "export.zip") as members:
        unpacked = {str(path.relative_to(tmp_path / "export")): path.read_bytes() for path in files}
        assert unpacked == {name: members.read(name) for name in members.namelist()}


def test_without_a_time_the_export_is_of_the_day_after(tmp_path: Path) -> None:
    write_export(tmp_path / "export.zip", [RUN])
    with zipfile.ZipFile(tmp_path / "export.zip") as members:
        assert members.infolist()[0].date_time == (2026, 7, 4, 16, 5, 8), "a zip counts two seconds at a time"


def test_what_nobody_may_open_is_marked(archive: Path) -> None:
    with zipfile.ZipFile(archive) as members:
        marked = {name for name in members.namelist() if DECOY.encode() in members.read(name)}
    assert {"logins.csv", "privacy_zones.csv"} <= set(DECOYS) < marked
    # The address of the athlete's post is beside what is to be read.
    others = marked - set(DECOYS) - {"profile.csv"}
    assert others
    assert all(name.startswith("media/") for name in others)


def test_the_small_files(archive: Path) -> None:
    def table(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(members.read(name).decode(), newline="")))

    with zipfile.ZipFile(archive) as members:
        (profile,), (preferences,) = table("profile.csv"), table("general_preferences.csv")
        assert (profile["Athlete ID"], profile["Sex"], profile["Weight"]) == ("24392837", "Female", "62.5")
        assert preferences["Weight"] == "62.5 kg"
        assert [bike["Bike Name"] for bike in table("bikes.csv")] == ["Acme Tourer 4", "Acme Trainer"]
        assert len(table("shoes.csv")) == 5


# --- activities.csv -------------------------------------------------------------------------------------------


def row_of(activity: Activity, tmp_path: Path, variant: Variant = Variant()) -> list[str]:  # noqa: B008
    write_export(tmp_path / "export.zip", [activity], variant=variant)
    _, row = rows_of(tmp_path / "export.zip")
    return row


EDITED = RIDE.with_summary(
    id=7_000_000_001,  # divided by 20, 40, 7 and 89 it leaves 1, 1, 1 and 25
    upload_id=7_997_113_148,
    name='A "ride", again',
    start_date="2026-03-09T17:04:05Z",
    distance=9385.2,
    moving_time=1320,
    elapsed_time=1500,
    commute=True,
    average_speed=7.11,
    max_speed=11.9,
    total_elevation_gain=54.2,
    elev_low=10.4,
    elev_high=64.6,
    average_cadence=80.5,
    average_heartrate=140.3,
    max_heartrate=171.0,
    average_watts=120.1,
    weighted_average_watts=125,
    kilojoules=158.5,
    average_temp=7,
    suffer_score=41.0,
)
# Strava's float32 becomes a double: these are the nearest ones, as `struct` makes them.
RAW = {
    15: "1500.0",
    16: "1320.0",
    17: "9385.2001953125",
    18: "11.899999618530273",
    19: "7.110000133514404",
    20: "54.20000076293945",
    22: "10.399999618530273",
    23: "64.5999984741211",
    29: "80.5",
    30: "171.0",
    31: "140.3000030517578",
    33: "120.0999984741211",
    36: "7.0",
    37: "41.0",
    38: "158500.0",
    46: "125.0",
    47: "1320.0",
    50: "1.0",
    52: "1.0",
    68: "16008312.0",
    79: "0.0",
}


def test_a_row_has_each_value_at_its_place(tmp_path: Path) -> None:
    row = row_of(EDITED, tmp_path)
    shown = [
        *("7000000001", "Mar 9, 2026, 5:04:05 PM", 'A "ride", again', "Ride", "", "1500", "9.38"),
        *("171.0", "41", "true", "", "Acme Tourer 4"),
        # By its id it were GPX, but a position is missing.
        *("activities/7997113148.fit.gz", "", ""),
    ]
    assert row[:15] == shown
    assert {place: text for place, text in enumerate(row) if place > 14 and text} == RAW


def test_rows_have_the_holes_of_real_ones(tmp_path: Path) -> None:
    row = row_of(EDITED.with_summary(id=89 * 7 * 20), tmp_path)
    assert (row[5], row[15], row[7], row[30]) == ("1500", "", "171.0", "")
    old = row_of(EDITED.with_summary(start_date="2019-12-31T23:59:59Z"), tmp_path)
    assert (old[19], old[16]) == ("", "1320.0")
    manual = row_of(EDITED.with_summary(manual=True), tmp_path)
    assert manual[52] == "0.0"
    race = row_of(EDITED.with_summary(workout_type=1), tmp_path)
    assert race[95] == "1.0"
    words = row_of(EDITED.with_summary(id=7_000_000_007), tmp_path)
    assert "\n" in words[4]
    pictures = row_of(EDITED.with_summary(id=7_000_000_003), tmp_path)
    assert [name.partition("/")[0] for name in pictures[102].split("|")] == ["media", "media"]


@pytest.mark.parametrize(
    ("year", "count"), [(2018, 10), (2019, 10), (2020, 11), (2023, 87), (2025, 99), (2026, 103)]
)
@pytest.mark.parametrize("locale", ["en_US", "de", "fr"])
def test_each_layout_has_its_columns(year: int, count: int, locale: str, tmp_path: Path) -> None:
    write_export(tmp_path / "export.zip", [EDITED], variant=Variant(locale, year))
    titles, row = rows_of(tmp_path / "export.zip")
    assert len(titles) == len(row) == count == len(LAYOUTS[year])
    repeated = [place for place, title in enumerate(titles) if title == titles[5]]
    assert repeated == ([5, 15] if year > 2020 else [5])
    assert row[LAYOUTS[year].index(12)] == "activities/7997113148.fit.gz"
    assert ("<span" in "".join(titles)) == (year == 2023)
    if year > 2020:
        assert [row[place] for place in range(15, 76)] == [RAW.get(place, "") for place in range(15, 76)]


@pytest.mark.parametrize(
    ("variant", "date", "distance", "sport"),
    [
        (Variant("en_US", 2018), "2026-03-09 17:04:05", "9385.2", "Ride"),
        (Variant("en_US", 2020), "Mar 9, 2026, 5:04:05 PM", "9.38", "Ride"),
        (Variant("en_GB"), "9 Mar 2026, 17:04:05", "9.38", "Ride"),
        (Variant("de"), "09.03.2026, 17:04:05", "9,38", "Radfahrt"),
        (Variant("fr"), "9 mars 2026, 17:04:05", "9,38", "Vélo"),
        (Variant("nl"), "9 mrt 2026, 17:04:05", "9,38", "Fietsrit"),
        (Variant("zh"), "2026年3月9日 17:04:05", "9.38", "骑行"),
        (Variant("ru"), "9 мар. 2026 г., 17:04:05", "9,38", "Ride"),
    ],
    ids=lambda value: f"{value.locale}-{value.year}" if isinstance(value, Variant) else None,
)
def test_each_language_has_its_dates_numbers_and_types(
    variant: Variant, date: str, distance: str, sport: str, tmp_path: Path
) -> None:
    row = row_of(EDITED, tmp_path, variant)
    assert (row[1], row[6], row[3]) == (date, distance, sport)


@pytest.mark.parametrize(
    ("sport", "metres", "locale", "text"),
    [
        ("Ride", 0.0, "en_US", "0"),
        ("Ride", 9389.9, "en_US", "9.38"),
        ("Ride", 9380.0, "en_US", "9.38"),
        ("Ride", 1_234_567.8, "en_US", "1,234.56"),
        ("Swim", 1500.9, "en_US", "1,500"),
        ("Swim", 1500.9, "de", "1.500"),
        ("Rowing", 10_029.0, "en_GB", "10,029"),
    ],
)
def test_the_first_distance_is_cut_off(
    sport: str, metres: float, locale: str, text: str, tmp_path: Path
) -> None:
    edited = Activity({**EDITED.summary, "sport_type": sport, "distance": metres}, None)
    assert row_of(edited, tmp_path, Variant(locale))[6] == text


def test_a_type_is_shown_with_its_spaces(tmp_path: Path) -> None:
    shown = {
        row_of(Activity({**EDITED.summary, "sport_type": sport}, None), tmp_path)[3]
        for sport in ("Run", "TrailRun", "BackcountrySki")
    }
    assert shown == {"Run", "Trail Run", "Backcountry Ski"}


# --- what an original leads to ------------------------------------------------------------------------------


def test_positions_make_up_the_distance_in_the_zone_of_the_clock(several: list[Activity]) -> None:
    """GPX has neither: the import works them out of the positions."""
    outdoors = [activity for activity in several if activity.summary["start_latlng"]]
    assert {activity.summary["utc_offset"] for activity in outdoors} >= {3600, 7200, 19800}
    for activity in outdoors:
        samples = expected(activity)
        points = [
            (math.radians(lat), math.radians(lng))
            for lat, lng in zip(samples["lat"], samples["lng"], strict=True)
            if lat is not None
        ]
        covered = sum(
            math.hypot(lat - before[0], (lng - before[1]) * math.cos(lat)) * 6_371_008.8
            for before, (lat, lng) in itertools.pairwise(points)
        )
        # Rounding to 1e-6 degrees makes the steps of a slow swimmer longer.
        slack = 0.002 if activity.summary["average_speed"] > 1 else 0.03
        assert covered == pytest.approx(activity.summary["distance"], rel=slack, abs=10), activity.summary
        lat, lng = activity.summary["start_latlng"]
        assert activity.summary["timezone"].endswith(tzfpy.get_tz(lng, lat))


def test_the_demo_knows_two_sources() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env={**os.environ, "SOURCE": "fax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "SOURCE is 'fax', must be one of api, archive\n"


def test_the_bench_s_export_is_all_fit(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "tests.simulated_strava.export", str(tmp_path / "export.zip")),
            *("--uniform", "25", "--samples", "30"),
        ],
        cwd=ROOT,
        check=True,
    )
    with zipfile.ZipFile(tmp_path / "export.zip") as members:
        names = [name for name in members.namelist() if name.startswith("activities/")]
        samples, _ = read_fit(members.read(names[-1]))
    assert len(names) == 25
    assert {name.partition(".")[2] for name in names} == {"fit.gz"}
    assert {len(values) for values in samples.values()} == {30}

"""GPX and TCX: every quirk that real files have, on files made here."""

import datetime as dt
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.archive.recording import CHANNELS, Recording, Session, UnreadableError
from pipelines.archive.xml import read_gpx, read_tcx, read_xml

NAN = math.nan
# 2026-03-02T07:30:00Z: 20,514 days and 27,000 s after 1970.
T0 = 20_514 * 86_400 + 27_000

GPX = 'xmlns="http://www.topografix.com/GPX/1/1" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"'
TCX = (
    'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"'
    ' xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2"'
)


def clock(seconds: float) -> str:
    return f"2026-03-02T07:{30 + int(seconds) // 60:02d}:{int(seconds) % 60:02d}Z"


def trkpt(seconds: float, inside: str = "", lat: str = "-40.5", lon: str = "-140.25") -> str:
    return f'<trkpt lat="{lat}" lon="{lon}"><time>{clock(seconds)}</time>{inside}</trkpt>'


def gpx(*points: str, before: str = "", root: str = GPX) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<gpx creator="Tracker 9" version="1.1" {root}>'
        f"<trk>{before}<trkseg>{''.join(points)}</trkseg></trk></gpx>"
    ).encode()


def trackpoint(seconds: float, inside: str = "") -> str:
    return f"<Trackpoint><Time>{clock(seconds)}</Time>{inside}</Trackpoint>"


def lap(start: float, timer: float | None, *tracks: Sequence[str], inside: str = "", after: str = "") -> str:
    total = "" if timer is None else f"<TotalTimeSeconds>{timer}</TotalTimeSeconds>"
    points = "".join(f"<Track>{''.join(track)}</Track>" for track in tracks)
    return f'<Lap StartTime="{clock(start)}">{total}{inside}{points}{after}</Lap>'


def activity(*laps: str, sport: str = "Biking", after: str = "") -> str:
    return f'<Activity Sport="{sport}"><Id>{clock(0)}</Id>{"".join(laps)}{after}</Activity>'


def tcx(*activities: str) -> bytes:
    return (
        f'<?xml version="1.0"?><TrainingCenterDatabase {TCX}><Activities>{"".join(activities)}</Activities>'
        "<Author><Name>The software</Name></Author></TrainingCenterDatabase>"
    ).encode()


def since_t0(recording: Recording) -> list[float]:
    return [float(time) - T0 for time in recording.time]


def channel(recording: Recording, name: str) -> list[float]:
    return [float(value) for value in recording.channels[name]]


# GPX


def test_a_recording_of_stravas_app() -> None:
    inside = (
        "<ele>10.5</ele><extensions><power>150</power><gpxtpx:TrackPointExtension><gpxtpx:atemp>20</gpxtpx:atemp>"
        "<gpxtpx:hr>110</gpxtpx:hr><gpxtpx:cad>80</gpxtpx:cad></gpxtpx:TrackPointExtension></extensions>"
    )
    found = read_gpx(gpx(trkpt(0, inside), trkpt(1), before="<name>To work</name><type>9</type>"))
    assert since_t0(found) == [0, 1]
    assert channel(found, "lat") == [-40.5, -40.5]
    assert channel(found, "lng") == [-140.25, -140.25]
    for name, value in {"altitude": 10.5, "watts": 150, "temp": 20, "heartrate": 110, "cadence": 80}.items():
        assert channel(found, name) == pytest.approx([value, NAN], nan_ok=True)
    assert set(found.channels) == {"lat", "lng", "altitude", "watts", "temp", "heartrate", "cadence"}
    assert found.sessions == (Session(T0, sport="9", name="To work"),)
    assert (found.device_name, found.fault, found.pauses) == ("Tracker 9", None, ())


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ("hr", "heartrate"), ("heartrate", "heartrate"), ("HeartRate", "heartrate"),
        ("cad", "cadence"), ("cadence", "cadence"), ("RunCadence", "cadence"),
        ("power", "watts"), ("PowerInWatts", "watts"), ("Watts", "watts"),
        ("atemp", "temp"), ("temp", "temp"), ("Temperature", "temp"),
        ("speed", "speed"), ("distance", "distance"), ("ele", "altitude"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "own:", "gpxtpx:"])
def test_a_channel_is_known_by_its_name_in_any_namespace(element: str, name: str, prefix: str) -> None:
    inside = f"<extensions><{prefix}X><{prefix}{element}> 12.5\n</{prefix}{element}></{prefix}X></extensions>"
    found = read_gpx(gpx(trkpt(0, inside), root=f'{GPX} xmlns:own="urn:somebody"'))
    assert channel(found, name) == [12.5]


def test_the_name_is_that_of_the_first_track_and_of_nothing_else() -> None:
    content = gpx(trkpt(0, "<name>Point</name>"), "</trkseg></trk><trk><name>B</name><trkseg>", trkpt(1))
    found = read_gpx(content.replace(b"<trk>", b"<metadata><name>File</name></metadata><trk>", 1))
    assert found.sessions == (Session(T0, name="B"),)


def test_gpx_1_0_and_a_file_without_any_namespace() -> None:
    for root in ("", 'xmlns="http://www.topografix.com/GPX/1/0"'):
        found = read_gpx(gpx(trkpt(0, "<speed>2.5</speed>"), root=root))
        assert (channel(found, "speed"), channel(found, "lat")) == ([2.5], [-40.5])


@pytest.mark.parametrize("before", [b"          ", b"\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n "])
def test_blanks_and_a_byte_order_mark_before_the_declaration(before: bytes) -> None:
    for content in (gpx(trkpt(0)), tcx(activity(lap(0, 1, [trackpoint(0)])))):
        found = read_xml(before + content)
        assert (since_t0(found), found.fault) == ([0], None)


def test_an_undefined_prefix_loses_nothing_and_is_no_fault() -> None:
    found = read_gpx(gpx(trkpt(0, "<extensions><gpxdata:hr>99</gpxdata:hr></extensions>"), trkpt(1)))
    assert channel(found, "heartrate") == pytest.approx([99, NAN], nan_ok=True)
    assert found.fault is None


def test_a_bare_ampersand_and_foreign_bytes_in_a_name_lose_no_point() -> None:
    found = read_gpx(gpx(trkpt(0), trkpt(1), before="<name>Salt & pepper &amp; &co&#33;&nbsp;</name>"))
    assert (since_t0(found), found.fault, found.sessions[0].name) == ([0, 1], None, "Salt & pepper & &co!")
    cdata = "<name><![CDATA[Salt & pepper &amp; <]]> & co</name>"
    found = read_gpx(gpx(trkpt(0), trkpt(1), before=cdata))
    assert (since_t0(found), found.fault, found.sessions[0].name) == (
        [0, 1],
        None,
        "Salt & pepper &amp; < & co",
    )
    found = read_gpx(gpx(trkpt(0), trkpt(1), before="<name>Stra@e</name>").replace(b"@", b"\xdf"))
    assert (since_t0(found), found.fault) == ([0, 1], None)


def test_utf_16() -> None:
    content = gpx(trkpt(0), before="<name>Süd</name>").decode().replace("UTF-8", "UTF-16").encode("utf-16")
    assert read_xml(content).sessions[0].name == "Süd"


def test_all_segments_and_tracks_are_read_and_a_border_is_no_pause() -> None:
    content = gpx(
        trkpt(0), "</trkseg><trkseg>", trkpt(90), "</trkseg></trk><trk><name>B</name><trkseg>", trkpt(99)
    )
    found = read_gpx(content)
    assert since_t0(found) == [0, 90, 99]
    assert found.pauses == ()


def test_points_without_a_time_are_left_out() -> None:
    content = gpx(trkpt(0), '<trkpt lat="1" lon="2"><ele>5</ele></trkpt>', trkpt(2, "<ele>7</ele>"), trkpt(3))
    found = read_gpx(content)
    assert since_t0(found) == [0, 2, 3]
    assert channel(found, "altitude") == pytest.approx([NAN, 7, NAN], nan_ok=True)


@pytest.mark.parametrize("attributes", ["", 'lat="" lon="x"', 'lat="nan" lon="inf"'])
def test_a_point_without_a_position_keeps_its_other_values(attributes: str) -> None:
    found = read_gpx(gpx(f"<trkpt {attributes}><time>{clock(0)}</time><ele>3</ele></trkpt>", trkpt(1)))
    assert channel(found, "lat") == pytest.approx([NAN, -40.5], nan_ok=True)
    assert channel(found, "altitude") == pytest.approx([3, NAN], nan_ok=True)


def test_a_decimal_comma_is_read_and_a_word_is_not() -> None:
    found = read_gpx(
        gpx(trkpt(0, "<ele>1,5</ele>", lat="40,25"), trkpt(1, "<ele>high</ele>"), trkpt(2, "<ele>inf</ele>"))
    )
    assert channel(found, "lat") == [40.25, -40.5, -40.5]
    assert channel(found, "altitude") == pytest.approx([1.5, NAN, NAN], nan_ok=True)


def test_of_two_values_of_a_channel_the_first_counts() -> None:
    inside = "<extensions><power>100</power><x><power>200</power></x></extensions>"
    assert channel(read_gpx(gpx(trkpt(0, inside))), "watts") == [100]


def test_a_distance_counts_only_where_it_never_falls() -> None:
    for values, expected in (([0, 3, 3], [0, 3, 3]), ([3, 2, 3], None)):
        points = [
            trkpt(i, f"<extensions><distance>{m}</distance></extensions>") for i, m in enumerate(values)
        ]
        found = read_gpx(gpx(*points)).channels.get("distance")
        assert (None if found is None else found.tolist()) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-02T07:30:05Z", 5), ("2026-03-02T07:30:05.250Z", 5.25), ("2026-03-02T07:30:05.2500000Z", 5.25),
        ("2026-03-02T08:30:05+01:00", 5), ("2026-03-02T03:00:05.5-0430", 5.5), ("2026-03-02T07:30:05", 5),
        ("2026-03-02 07:30:05Z", 5), ("2026-03-02 03:00:05 -04:30", 5), (" 2026-03-02T07:30:05z\n", 5),
        ("2026-3-2T3:0:5-0430", 5), ("2026-3-2T8:30:5 +01:00", 5),
        ("2026-3-2T7:30:5Z", 5), ("2026-03-02T07:29:60Z", 0), ("2026-03-01T24:00:00Z", -27_000),
        ("20260302T073005Z", 5),
    ],
)  # fmt: skip
def test_times(text: str, seconds: float) -> None:
    assert since_t0(read_gpx(gpx(trkpt(0).replace(clock(0), text)))) == pytest.approx([seconds], abs=1e-6)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30T07:30:05Z", "1772436600", "2026-13-01T00:00:00Z", "Mar 2, 2026"]
)
def test_what_is_no_time_leaves_its_point_out(text: str) -> None:
    assert since_t0(read_gpx(gpx(trkpt(0).replace(clock(0), text), trkpt(1)))) == [1]


@pytest.mark.parametrize("seed", range(3))
def test_pieces_that_the_file_is_fed_in_cut_nothing_off(seed: int) -> None:
    # Some 200 kB, so that pieces of 64 KiB end anywhere: within a point, behind a name in it.
    inside = "<ele>1</ele><name>N &amp; M</name><extensions><hr>90</hr></extensions>"
    content = gpx(*(trkpt(i, inside) for i in range(1500)), before=f"<name>{'x' * seed * 7}</name>")
    found = read_gpx(content)
    assert since_t0(found) == list(range(1500))
    assert all(not np.isnan(values).any() for values in found.channels.values())


# TCX


def test_a_ride_with_all_that_a_trackpoint_may_have() -> None:
    inside = (
        "<Position><LatitudeDegrees>-40.5</LatitudeDegrees><LongitudeDegrees>-140.25</LongitudeDegrees></Position>"
        "<AltitudeMeters>12.5</AltitudeMeters><DistanceMeters>8.5</DistanceMeters>"
        "<HeartRateBpm>\n <Value>121</Value>\n</HeartRateBpm><Cadence>80</Cadence><SensorState>Present</SensorState>"
        "<Extensions><ns3:TPX><ns3:Speed>8.25</ns3:Speed><ns3:Watts>181</ns3:Watts></ns3:TPX></Extensions>"
    )
    found = read_tcx(tcx(activity(lap(0, 1, [trackpoint(0, inside), trackpoint(1)]))))
    expected = {
        "lat": -40.5, "lng": -140.25, "altitude": 12.5, "distance": 8.5, "heartrate": 121, "cadence": 80,
        "speed": 8.25, "watts": 181,
    }  # fmt: skip
    assert {name: values[0] for name, values in found.channels.items()} == expected
    assert all(np.isnan(values[1]) for values in found.channels.values())
    assert since_t0(found) == [0, 1]


def test_an_indoor_run_without_positions_and_with_a_cadence_of_its_own() -> None:
    inside = '<Extensions><TPX xmlns="urn:x" CadenceSensor="Footpod"><RunCadence>86</RunCadence></TPX></Extensions>'
    found = read_tcx(tcx(activity(lap(0, 1, [trackpoint(0, inside)]))))
    assert set(found.channels) == {"cadence"}
    assert channel(found, "cadence") == [86]


def test_a_value_that_is_none_of_the_heart_is_no_heart_rate() -> None:
    inside = "<Extensions><Foo><Value>7</Value></Foo></Extensions>"
    assert not read_tcx(tcx(activity(lap(0, 1, [trackpoint(0, inside)])))).channels


def test_a_session_sums_up_its_laps() -> None:
    first = (
        "<DistanceMeters>1000</DistanceMeters><MaximumSpeed>9</MaximumSpeed><Calories>10</Calories>"
        "<AverageHeartRateBpm><Value>120</Value></AverageHeartRateBpm>"
        "<MaximumHeartRateBpm><Value>150</Value></MaximumHeartRateBpm><Cadence>70</Cadence>"
    )
    second = (
        first.replace("1000", "500")
        .replace("120", "150")
        .replace("<Value>150</Value></Max", "<Value>160</Value></Max")
    )
    power = "<Extensions><ns3:LX><ns3:AvgWatts>{}</ns3:AvgWatts><ns3:MaxWatts>{}</ns3:MaxWatts></ns3:LX></Extensions>"
    content = tcx(
        activity(
            lap(0, 100, [trackpoint(0), trackpoint(99)], inside=first, after=power.format(200, 300)),
            lap(100, 50, [trackpoint(100), trackpoint(155)], inside=second, after=power.format(230, 400)),
            sport="Running",
            after="<Creator><Name>Watch  5\n</Name></Creator>",
        )
    )
    found = read_tcx(content)
    # Means by the timer: (100 * 120 + 50 * 150) / 150 = 130; (100 * 200 + 50 * 230) / 150 = 210.
    assert found.sessions == [
        Session(
            T0, elapsed_s=155, timer_s=150, distance_m=1500, calories_kcal=20, average_heartrate_bpm=130,
            max_heartrate_bpm=160, average_cadence_rpm=70, average_power_w=210, max_power_w=400, max_speed_m_per_s=9,
            sport="Running",
        )
    ]  # fmt: skip
    assert found.device_name == "Watch 5"


def test_a_lap_that_says_nothing_of_itself_gets_nothing_from_its_points() -> None:
    found = read_tcx(
        tcx(activity(lap(0, 10, [trackpoint(0, "<DistanceMeters>5</DistanceMeters><Cadence>80</Cadence>")])))
    )
    assert found.sessions == [Session(T0, elapsed_s=10, timer_s=10, sport="Biking")]
    assert found.device_name is None


def test_each_activity_is_a_session_of_its_own() -> None:
    content = tcx(
        activity(lap(0, 9, [trackpoint(0)])), activity(lap(60, 9, [trackpoint(60)]), sport="Running")
    )
    found = read_tcx(content)
    assert [(one.start - T0, one.sport, one.elapsed_s) for one in found.sessions] == [
        (0, "Biking", 9),
        (60, "Running", 9),
    ]


def test_a_lap_without_points_is_a_session_without_samples() -> None:
    found = read_tcx(tcx(activity(lap(0, 600, inside="<DistanceMeters>2000</DistanceMeters>"))))
    assert (len(found.time), found.sessions[0].distance_m, found.sessions[0].elapsed_s) == (0, 2000, 600)


def pauses(*laps: str) -> list[tuple[float, float]]:
    return [(start - T0, end - T0) for start, end in read_tcx(tcx(activity(*laps))).pauses]


def test_between_two_tracks_of_a_lap_the_timer_stood_still() -> None:
    assert pauses(lap(0, 20, [trackpoint(0), trackpoint(10)], [trackpoint(70), trackpoint(80)])) == [(10, 70)]
    assert pauses(lap(0, 20, [trackpoint(0), trackpoint(10)], [], [trackpoint(11), trackpoint(20)])) == []


def test_what_passes_until_the_next_lap_beyond_the_timer_was_a_pause() -> None:
    def second(start: float) -> str:
        return lap(start, 10, [trackpoint(start), trackpoint(start + 10)])

    # The timer ran for the 10 s of the first lap; the second begins 50 s later.
    assert pauses(lap(0, 10, [trackpoint(0), trackpoint(10)]), second(60)) == [(10, 60)]
    # Points 8 s apart, but the timer ran on.
    assert pauses(lap(0, 18, [trackpoint(0), trackpoint(10)]), second(18)) == []
    # The timer stood still for 30 of the 40 s before the lap, the others ran on without a point.
    assert pauses(lap(0, 20, [trackpoint(0), trackpoint(10)]), second(50)) == [(20, 50)]
    # It stood still for 40 s somewhere inside the lap, where no track says: not at its end.
    assert pauses(lap(0, 10, [trackpoint(0), trackpoint(49)]), second(50)) == []
    # The pause between two tracks is not counted again.
    assert pauses(
        lap(0, 20, [trackpoint(0), trackpoint(10)], [trackpoint(40), trackpoint(50)]), second(50)
    ) == [(10, 40)]
    paused = lap(0, 25, [trackpoint(0), trackpoint(10)], [trackpoint(40), trackpoint(50)])
    assert pauses(paused, second(60)) == [(10, 40), (55, 60)]
    # Without a time by the timer nothing is known.
    assert pauses(lap(0, None, [trackpoint(0), trackpoint(10)]), second(60)) == []


def test_the_format_is_told_by_the_content() -> None:
    assert read_xml(tcx(activity(lap(0, 1, [trackpoint(0)])))).sessions[0].sport == "Biking"
    assert read_xml(gpx(trkpt(0), before="<type>run</type>")).sessions[0].sport == "run"


# What cannot be read, and what can up to a fault


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gpx('<trkpt lat="1" lon="2"/>', '<trkpt lat="1" lon="2"/>'), "none of its 2 points has a time"),
        (f"<gpx {GPX}><rte><rtept lat='1' lon='2'/></rte></gpx>".encode(), "none of its 1 points has a time"),
        (gpx(), "no activity in it"),
        (b"", "no activity in it"),
        (b"hello", "no activity in it: broken XML in line 1"),
        (b"<!doctype html><html><body>Sign in</body></html>", "no activity in it"),
        (b"<a>" * 1000, "no activity in it: broken XML in line 1: Excessive depth"),
        (tcx(), "no activity in it"),
        (
            tcx().replace(b"<Activities>", f"<Courses><Course><Lap/><Track>{trackpoint(0)}</Track></Course></Courses><Activities>".encode()),
            "a course of 1 points, not an activity",
        ),
        (tcx(activity("<Lap/>" * 10_001)), "more than 10,000 laps"),
        (tcx(activity("<Lap><Track><Trackpoint/></Track></Lap>")), "none of its 1 points has a time"),
        (gpx(before="<name>" + "&" * 100_001 + "</name>"), "no activity in it: broken XML in line 2: xmlParseEntityRef"),
    ],
)  # fmt: skip
def test_why_nothing_can_be_read(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_xml(content)
    assert str(error.value).startswith(why)


@pytest.mark.parametrize("content", [
    gpx(*(trkpt(i, f"<ele>{1000 + i}</ele>") for i in range(4))),
    tcx(activity(lap(0, 20, [trackpoint(i, f"<AltitudeMeters>{1000 + i}</AltitudeMeters>") for i in range(4)]))),
])  # fmt: skip
def test_of_a_file_that_breaks_off_the_points_before_are_kept_and_it_says_so(content: bytes) -> None:
    whole = read_xml(content)
    closing = b"</trkpt>" if b"</trkpt>" in content else b"</Trackpoint>"
    first = content.index(closing) + len(closing)
    for end in range(first, content.rindex(closing) + len(closing)):
        found = read_xml(content[:end])
        assert found.fault == "the file breaks off"
        assert len(found.time) == content[:end].count(closing)
        assert channel(found, "altitude") == channel(whole, "altitude")[: len(found.time)]


def test_behind_a_fault_the_points_are_read_and_it_says_so() -> None:
    found = read_gpx(gpx(trkpt(0), trkpt(1, "<ele>5</ele><a></b>"), *(trkpt(i) for i in range(2, 1500))))
    assert since_t0(found) == list(range(1500))
    assert str(found.fault).startswith(
        "broken XML in line 2: Opening and ending tag mismatch: a line 2 and b"
    )


def test_what_follows_the_end_is_a_fault_but_loses_no_point() -> None:
    found = read_gpx(gpx(trkpt(0)) + b"\x00\x00\x00 junk")
    assert since_t0(found) == [0]
    assert "after the end" in str(found.fault) or "Extra content" in str(found.fault)


def test_entities_are_not_expanded_and_no_file_is_read() -> None:
    head = '<!DOCTYPE gpx [<!ENTITY a "9"><!ENTITY b SYSTEM "file:///etc/hostname"><!ENTITY c PUBLIC "c" "http://[::1]:1/">]>'
    content = gpx(
        trkpt(0, "<ele>&a;</ele>"), trkpt(1, "<ele>5</ele>"), before="<name>&b;</name><type>&c;</type>"
    )
    found = read_gpx(content.replace(b"?>\n", f"?>\n{head}".encode()))
    assert channel(found, "altitude") == pytest.approx([NAN, 5], nan_ok=True)
    assert found.sessions == (Session(T0),)


def test_entities_that_multiply_are_not_expanded_either() -> None:
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 50}">' for i in range(1, 9))
    content = gpx(trkpt(0, "<ele>&e8;</ele>"), trkpt(1))
    found = read_gpx(content.replace(b"?>\n", f"?>\n<!DOCTYPE gpx [{bomb}]>".encode()))
    assert since_t0(found) == [0, 1]
    assert "altitude" not in found.channels


def test_a_file_without_end_and_without_points_is_given_up_after_four_megabytes() -> None:
    with pytest.raises(UnreadableError, match="no activity in it: nothing of an activity within 4 MB"):
        read_xml(f"<gpx {GPX}>".encode() + b"<x/>" * 1_100_000)


def test_what_has_been_read_of_the_tree_is_thrown_away() -> None:
    # A tree of its 350,000 elements takes some 40 MB.
    script = """
import re, sys
from pathlib import Path
from pipelines.archive.xml import read_xml
point = b'<trkpt lat="1" lon="2"><time>2026-03-02T07:30:00Z</time><x>' + b"<y/>" * 40 + b"</x></trkpt>"
content = b"<gpx><trk><trkseg>" + point * 8_000 + b"</trkseg></trk></gpx>"
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
assert len(read_xml(content).time) == 8_000
print(peak() - before)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 15_000  # kB


def test_names_are_short_and_on_one_line() -> None:
    found = read_gpx(
        gpx(trkpt(0), before=f"<name>a\n b{'c' * 1000}</name>").replace(b"Tracker 9", b"T" * 1000)
    )
    assert found.sessions[0].name == "a b" + "c" * 197
    assert found.device_name == "T" * 200


# An independent method


numbers = st.one_of(st.none(), st.floats(-90, 90).map(lambda value: round(value, 6)))


@given(st.lists(st.tuples(st.integers(0, 1799), numbers, numbers, numbers), min_size=1, max_size=30))
def test_any_points_are_read_as_the_standard_librarys_parser_reads_them(
    rows: list[tuple[int, float | None, float | None, float | None]],
) -> None:
    points = []
    for seconds, altitude, hr, watts in rows:
        inside = "" if altitude is None else f"<ele>{altitude}</ele>"
        inside += (
            "" if hr is None else f"<extensions><gpxtpx:T><gpxtpx:hr>{hr}</gpxtpx:hr></gpxtpx:T></extensions>"
        )
        inside += "" if watts is None else f"<power>{watts}</power>"
        points.append(trkpt(seconds, inside))
    content = gpx(*points)
    found = read_gpx(content)
    elements = [point for point in ET.fromstring(content).iter() if point.tag.endswith("}trkpt")]  # noqa: S314
    for name, tag in (("altitude", "ele"), ("heartrate", "hr"), ("watts", "power")):
        texts = [
            next((child.text for child in point.iter() if child.tag.endswith(f"}}{tag}")), None)
            for point in elements
        ]
        expected = [NAN if text is None else float(text) for text in texts]
        assert found.channels.get(name, np.full(len(rows), NAN)).tolist() == pytest.approx(
            expected, nan_ok=True, abs=0
        )
    times = [dt.datetime.fromisoformat(str(point[0].text)).timestamp() for point in elements]
    assert found.time.tolist() == times


@given(st.data())
def test_no_bytes_make_it_raise_anything_but_unreadable(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([
        gpx(*(trkpt(i, "<ele>5</ele>") for i in range(5)), before="<name>x</name>"),
        tcx(activity(lap(0, 5, [trackpoint(i, "<HeartRateBpm><Value>9</Value></HeartRateBpm>") for i in range(5)]))),
    ])))  # fmt: skip
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    try:
        found = read_xml(bytes(content))
    except UnreadableError:
        return
    assert set(found.channels) <= set(CHANNELS)
    assert all(len(values) == len(found.time) for values in found.channels.values())
    assert np.isfinite(found.time).all()

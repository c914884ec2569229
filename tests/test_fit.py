"""Each quirk of FIT, on a file that the test makes itself; the values are worked out by hand."""

import numpy as np
import pytest

from pipelines.archive.fit import read_fit
from pipelines.archive.recording import CHANNELS, Session
from tests.fit_files import (
    BASE_TYPES,
    DEVELOPER_DATA_ID,
    FIELD_DESCRIPTION,
    LAP,
    RECORD,
    SESSION,
    SPORT,
    FitFile,
    activity_file,
)
from tests.fit_pulse import HEARTRATE, START, TIME, T, assert_pulse, begun, column, read, with_pulse

nan = float("nan")
SPARE = 0xFF77  # a message that nobody reads


def test_a_whole_activity_comes_back_to_the_precision_of_its_fields() -> None:
    n = 500
    steps = np.arange(n, dtype=float)
    channels = {
        "lat": 48 + steps * 1e-5,
        "lng": -11 - steps * 1e-5,
        "distance": steps * 2.75,
        "altitude": -3 + steps / 5,
        "speed": 2 + steps / 1000,
        "heartrate": np.where(steps % 7 == 0, np.nan, 100 + steps % 90),
        "cadence": 80 + steps % 4 / 4,
        "watts": steps,
        "temp": -10 + steps % 30,
    }
    content = activity_file(
        START + steps,
        channels,
        pauses=[(START + 100, START + 160)],
        sport=2,
        sub_sport=7,
        utc_offset_s=7200,
        ascent_m=120,
        calories_kcal=345,
    )
    recording = read_fit(content)
    assert recording.time.tolist() == (START + steps).tolist()
    assert set(recording.channels) == set(CHANNELS)
    for name, tolerance in zip(CHANNELS, (1e-7, 1e-7, 0.005, 0, 0.0005, 0, 0, 0, 0), strict=True):
        np.testing.assert_allclose(recording.channels[name], channels[name], rtol=0, atol=tolerance + 1e-9)
    assert recording.pauses == [(START + 100, START + 160)]
    assert recording.sessions == [
        Session(
            start=START,
            elapsed_s=499,
            timer_s=439,
            distance_m=1372.25,
            ascent_m=120,
            calories_kcal=345,
            sport=(2, 7),
        )
    ]
    assert (recording.utc_offset_s, recording.device_name, recording.fault) == (7200, "Marts One", None)


def test_a_channel_that_is_nowhere_is_not_there() -> None:
    recording = read_fit(activity_file([START, START + 1], {"watts": [200, None], "temp": [None, None]}))
    assert list(recording.channels) == ["watts"]
    assert column(recording, "watts") == pytest.approx([200, nan], nan_ok=True)


@pytest.mark.parametrize("header", [{"header_size": 12}, {"has_header_crc": False}, {"header_size": 16}])
def test_a_header_may_be_short_or_long_or_without_a_checksum(header: dict[str, int]) -> None:
    recording = read(with_pulse(100, 101, **header))
    assert_pulse(recording, [0, 1], [100, 101])
    assert recording.fault is None


def test_the_order_of_bytes_is_that_of_each_definition() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (7, "uint16")], big_endian=True)
    fit.define(2, RECORD, [TIME, (7, "uint16")])
    for n, local in enumerate((1, 2, 2, 1)):
        fit.add(local, T + n, 250 + n)
    recording = read(fit)
    assert (recording.time - START).tolist() == [0, 1, 2, 3]
    assert column(recording, "watts") == [250, 251, 252, 253]


def test_a_local_number_means_what_its_last_definition_says() -> None:
    fit = with_pulse(100)
    fit.define(1, RECORD, [HEARTRATE, (4, "uint8"), TIME])
    fit.add(1, 101, 85, T + 1)
    fit.define(1, SPARE, [(0, "uint8")])
    fit.add(1, 33)
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.add(1, T + 2, 102)
    recording = read(fit)
    assert_pulse(recording, [0, 1, 2], [100, 101, 102])
    assert column(recording, "cadence") == pytest.approx([nan, 85, nan], nan_ok=True)


def test_a_compressed_time_follows_the_last_time_of_any_message() -> None:
    fit = begun()
    fit.define(1, SPARE, [TIME, (0, "uint8")])
    fit.define(2, RECORD, [HEARTRATE])
    fit.define(3, RECORD, [TIME, HEARTRATE])
    fit.add(2, 90, time_offset=3)  # nothing says which minute that is: no time, no sample
    fit.add(3, T, 100)
    fit.add(2, 101, time_offset=5)
    fit.add(2, 102, time_offset=5)
    fit.add(2, 103, time_offset=3)  # 30 seconds later: 5 + 30 = 35 is 3 beyond 32
    fit.add(1, None, 1)
    fit.add(2, 104, time_offset=4)
    fit.add(1, T + 100, 1)  # 100 is 4 beyond 96
    fit.add(2, 105, time_offset=30)
    assert_pulse(read(fit), [0, 5, 5, 35, 36, 126], [100, 101, 102, 103, 104, 105])


def test_chained_files_are_one_recording_without_those_of_another_kind() -> None:
    first, settings, last = with_pulse(100), with_pulse(1, kind=2), begun()
    last.define(1, RECORD, [TIME, HEARTRATE], big_endian=True)
    last.add(1, T + 60, 102)
    content = first.to_bytes() + settings.to_bytes() + last.to_bytes()
    recording = read_fit(content)
    assert_pulse(recording, [0, 60], [100, 102])
    assert recording.fault is None


def test_a_definition_ends_with_its_file() -> None:
    second = FitFile()
    second.append(with_pulse(100).body[-6:])  # a message alone
    recording = read_fit(with_pulse(90).to_bytes() + second.to_bytes())
    assert_pulse(recording, [0], [90])
    assert "no definition" in str(recording.fault)


def test_each_session_is_told_and_may_stand_before_the_records() -> None:
    fit = begun()
    fields = [TIME, (2, "uint32"), (5, "enum"), (6, "enum"), (7, "uint32"), (8, "uint32"), (9, "uint32")]
    more: list[tuple[int, str]] = [
        (16, "uint8"),
        (17, "uint8"),
        (18, "uint8"),
        (92, "uint8"),
        (20, "uint16"),
        (21, "uint16"),
    ]
    rest: list[tuple[int, str] | tuple[int, str, int]] = [
        (57, "sint8"),
        (15, "uint16"),
        (125, "uint32"),
        (110, "string", 8),
    ]
    fit.define(2, SESSION, [*fields, *more, *rest])
    fit.add(2, T + 9, T, 5, 18, 9500, 9000, 75_000, 150, 171, 27, 64, None, None, 21, 1500, None, "Lake")
    fit.add(
        2,
        T + 30,
        T + 10,
        2,
        None,
        20_000,
        20_000,
        None,
        None,
        None,
        90,
        None,
        210,
        480,
        None,
        9000,
        12_000,
        "",
    )
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.add(1, T, 100)
    swim, ride = read(fit).sessions
    assert swim == Session(
        start=START,
        elapsed_s=9.5,
        timer_s=9,
        distance_m=750,
        average_heartrate_bpm=150,
        max_heartrate_bpm=171,
        average_cadence_rpm=27.5,
        average_temperature_c=21,
        max_speed_m_per_s=1.5,
        sport=(5, 18),
        name="Lake",
    )
    assert ride == Session(
        start=START + 10,
        elapsed_s=20,
        timer_s=20,
        average_cadence_rpm=90,
        average_power_w=210,
        max_power_w=480,
        max_speed_m_per_s=12,
        sport=(2, 0),
    )


def test_laps_stand_in_for_a_session_that_is_missing() -> None:
    fit = with_pulse(100, 101)
    fit.define(
        2,
        LAP,
        [
            (2, "uint32"),
            (7, "uint32"),
            (8, "uint32"),
            (9, "uint32"),
            (15, "uint8"),
            (16, "uint8"),
            (25, "enum"),
        ],
    )
    fit.add(2, T, 100_000, 90_000, 30_000, 120, 150, 1)
    fit.add(2, T + 100, 40_000, 30_000, 10_000, 160, 170, None)
    assert read(fit).sessions == [
        # 120 bpm for 90 s and 160 for 30 s are 130 in the mean.
        Session(
            start=START,
            elapsed_s=140,
            timer_s=120,
            distance_m=400,
            average_heartrate_bpm=130,
            max_heartrate_bpm=170,
            sport=(1, 0),
        )
    ]


def test_the_sport_message_names_an_only_session() -> None:
    fit = with_pulse(100)
    fit.define(2, SPORT, [(0, "enum"), (1, "enum"), (3, "string", 12)])
    fit.add(2, 2, 46, "Gravel")
    fit.define(3, SESSION, [(2, "uint32"), (5, "enum")])
    fit.add(3, T, 2)
    assert [session.name for session in read(fit).sessions] == ["Gravel"]


def test_a_session_without_a_start_begins_its_length_before_its_end() -> None:
    fit = begun()
    fit.define(2, SESSION, [TIME, (2, "uint32"), (7, "uint32")])
    fit.add(2, T + 60, None, 45_000)
    recording = read(fit)
    assert [session.start for session in recording.sessions] == [START + 15]
    assert len(recording.time) == 0


@pytest.mark.parametrize("is_described_first", [True, False])
def test_fields_of_developers_are_stepped_over(is_described_first: bool) -> None:
    fit = begun()
    fit.define(2, DEVELOPER_DATA_ID, [(3, "uint8")])
    fit.define(3, FIELD_DESCRIPTION, [(0, "uint8"), (1, "uint8"), (2, "uint8"), (3, "string", 8)])
    fit.define(1, RECORD, [TIME, HEARTRATE], developer=[(0, 2, 0), (1, 5, 0)])
    if is_described_first:
        fit.add(2, 0)
        fit.add(3, 0, 0, 0x84, "Power")
    fit.add(1, T, 100, b"\1\2", b"\3\4\5\6\7")
    fit.add(1, T + 1, 101, b"\1\2", b"\3\4\5\6\7")
    fit.add(2, 0)
    fit.add(3, 0, 0, 0x84, "Power")
    fit.add(1, T + 2, 102, b"\1\2", b"\3\4\5\6\7")
    assert_pulse(read(fit), [0, 1, 2], [100, 101, 102])


def test_a_field_whose_size_is_no_multiple_of_its_type_is_nothing() -> None:
    fit = begun()
    fit.define(1, RECORD, [(7, "uint16", 3), TIME, (13, "sint8", 0), HEARTRATE])
    fit.add(1, b"\1\2\3", T, b"", 100)
    recording = read(fit)
    assert_pulse(recording, [0], [100])
    assert list(recording.channels) == ["heartrate"]


def test_of_an_array_the_first_element_counts() -> None:
    fit = begun()
    fit.define(1, RECORD, [(7, "uint16", 6), TIME])
    fit.add(1, [250, 1, 2], T)
    assert column(read(fit), "watts") == [250]


def test_unknown_messages_fields_and_types_are_stepped_over() -> None:
    fit = begun()
    at = len(fit.body)
    fit.define(1, RECORD, [(7, "uint16"), TIME, (250, "float64"), HEARTRATE])
    fit.body[at + 8] = 0x9F  # the type of its first field is one that FIT does not have
    fit.define(2, 0xFFFE, [(1, "byte", 7)])
    fit.add(1, 250, T, 1.5, 100)
    fit.add(2, bytes(7))
    fit.add(1, 250, T + 1, 1.5, 101)
    recording = read(fit)
    assert_pulse(recording, [0, 1], [100, 101])
    assert list(recording.channels) == ["heartrate"]


@pytest.mark.parametrize("base_type", [name for name in BASE_TYPES if name != "string"])
@pytest.mark.parametrize("big_endian", [True, False])
def test_each_type_has_its_mark_for_nothing(base_type: str, big_endian: bool) -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (3, base_type)], big_endian=big_endian)
    for n, value in enumerate((77, None, 78)):
        fit.add(1, T + n, value)
    assert_pulse(read(fit), [0, 1, 2], [77, nan, 78])


def test_enhanced_altitude_and_speed_go_before_the_short_ones() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (2, "uint16"), (78, "uint32"), (6, "uint16"), (73, "uint32")])
    fit.add(1, T, 2750, 2751, 3000, 3001)
    fit.add(1, T + 1, 2750, None, 3000, None)
    fit.define(2, RECORD, [TIME, (78, "uint32"), (73, "uint32")])
    fit.add(2, T + 2, 100_000, 70_000)
    fit.define(3, RECORD, [TIME, (2, "uint16"), (6, "uint16")])
    fit.add(3, T + 3, 2500, None)
    recording = read(fit)
    assert column(recording, "altitude") == [50.2, 50, 19_500, 0]
    assert column(recording, "speed") == pytest.approx([3.001, 3, 70, nan], nan_ok=True)


def test_compressed_speed_and_distance_are_taken_apart_and_added_up() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (8, "byte", 3)])
    # 0x12C is 300: 3 m/s. 0xFF0 sixteenths of a metre are 255, 0x010 after that 32 sixteenths more.
    fit.add(1, T, b"\x2c\x01\xff")
    fit.add(1, T + 1, b"\x2c\x01\x01")
    fit.add(1, T + 2, b"\xff\xff\xff")
    fit.add(1, T + 3, b"\x00\x30\x01")
    recording = read(fit)
    assert column(recording, "speed") == pytest.approx([3, 3, nan, 0], nan_ok=True)
    assert column(recording, "distance") == pytest.approx([255, 257, nan, 257.1875], nan_ok=True)


def test_zeros_and_halves_of_a_position_are_none() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (0, "sint32"), (1, "sint32")])
    for n, (lat, lng) in enumerate(
        [(0, 0), (2**30, 0), (2**29, None), (None, 5), (-(2**31), 5), (0, -(2**30))]
    ):
        fit.add(1, T + n, lat, lng)
    recording = read(fit)
    assert column(recording, "lat") == pytest.approx([nan, 90, nan, nan, nan, 0], nan_ok=True)
    assert column(recording, "lng") == pytest.approx([nan, 0, nan, nan, nan, -90], nan_ok=True)


def test_fractions_are_added_to_the_cadence() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, (4, "uint8"), (53, "uint8")])
    for n, (whole, fraction) in enumerate([(85, 64), (86, None), (None, 64)]):
        fit.add(1, T + n, whole, fraction)
    assert column(read(fit), "cadence") == pytest.approx([85.5, 86, nan], nan_ok=True)

"""What is broken in a FIT file, what is no activity, and what a device leaves out."""

import time
import tracemalloc

import pytest

from pipelines.archive.fit import read_fit
from pipelines.archive.fit_protocol import MAX_DEFINITIONS, MAX_FILES, MAX_MESSAGES, checksum
from pipelines.archive.recording import UnreadableError
from tests.fit_files import ACTIVITY, DEVICE_INFO, EPOCH, EVENT, FILE_ID, RECORD, SESSION, FitFile, crc
from tests.fit_pulse import HEARTRATE, START, TIME, T, assert_pulse, begun, read, with_pulse

nan = float("nan")
SPARE = 100  # a message that nobody reads
CORRELATION = 162


def test_what_lies_before_a_cut_is_kept_wherever_it_is() -> None:
    content = with_pulse(*range(100, 110)).to_bytes()
    first = len(content) - 2 - 10 * 6
    for size in range(first + 6, len(content)):
        recording = read_fit(content[:size])
        count = min((size - first) // 6, 10)
        assert_pulse(recording, list(range(count)), list(range(100, 100 + count)))
        assert recording.fault == f"cut off after {size:,} of {len(content):,} bytes"
    for size in range(first + 6):
        with pytest.raises(UnreadableError):
            read_fit(content[:size])


def test_a_wrong_checksum_is_told_and_everything_kept() -> None:
    content = bytearray(with_pulse(100, 101).to_bytes())
    content[-1] ^= 1
    recording = read_fit(bytes(content))
    assert_pulse(recording, [0, 1], [100, 101])
    assert recording.fault == "its checksum is wrong"
    content[-1] ^= 1
    content[13] ^= 1
    assert read_fit(bytes(content)).fault == "the checksum of its header is wrong"


def test_a_message_without_a_definition_ends_the_file_but_not_the_next_one() -> None:
    fit = with_pulse(100)
    at = len(fit.body) + 14
    fit.append(b"\x0b" + bytes(20))
    recording = read_fit(fit.to_bytes() + with_pulse(90).to_bytes())
    assert_pulse(recording, [0, 0], [100, 90])
    assert recording.fault == f"the message at byte {at} has no definition"


@pytest.mark.parametrize("junk", [b"\0", b"\r\n", bytes(600), b"<html>" * 9])
def test_junk_behind_the_end_is_told(junk: bytes) -> None:
    recording = read_fit(with_pulse(100).to_bytes() + junk)
    assert_pulse(recording, [0], [100])
    assert recording.fault == f"{len(junk)} bytes after its end are not FIT"


def test_a_message_or_definition_that_goes_beyond_the_end_is_left_out() -> None:
    fit = with_pulse(100)
    fit.append(b"\1\0\0")
    recording = read(fit)
    assert_pulse(recording, [0], [100])
    assert "is cut off" in str(recording.fault)
    for part in (b"\x41", b"\x41\0\0\0\x14\xff", b"\x61\0\0\0\x14\0", b"\x61\0\0\0\x14\0\2\1"):
        fit = with_pulse(100)
        fit.append(part)
        recording = read(fit)
        assert_pulse(recording, [0], [100])
        assert "the definition at byte" in str(recording.fault)


def test_a_file_whose_length_was_never_written_is_read_to_its_end() -> None:
    content = bytearray(with_pulse(100, 101, has_header_crc=False).to_bytes())
    content[4:8] = bytes(4)
    recording = read_fit(bytes(content))
    assert_pulse(recording, [0, 1], [100, 101])
    assert recording.fault == "its length was never written"


@pytest.mark.parametrize(
    ("kind", "word"), [(2, "settings"), (5, "a workout"), (6, "a course"), (9, "weights"), (34, "a segment")]
)
def test_what_is_no_activity_is_refused_by_its_name(kind: int, word: str) -> None:
    with pytest.raises(UnreadableError, match=f"^a FIT file of {word}, not of an activity$"):
        read(with_pulse(100, kind=kind))


@pytest.mark.parametrize("kind", [None, 4, 200])
def test_another_kind_is_read_for_its_samples(kind: int | None) -> None:
    assert_pulse(read(with_pulse(100, kind=kind)), [0], [100])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "an empty file"),
        (b"<gpx>", "not a FIT file"),
        (b"\x0e" * 200, "not a FIT file"),
        (begun().to_bytes(), "a FIT file without a sample or a session that has a time"),
        (FitFile().to_bytes(), "a FIT file without a sample or a session that has a time"),
    ],
)
def test_what_holds_nothing_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_fit(content)
    assert str(caught.value) == why


def test_a_sample_without_a_time_is_left_out() -> None:
    fit = with_pulse(100)
    fit.add(1, None, 101)
    fit.add(1, T + 2, 102)
    assert_pulse(read(fit), [0, 2], [100, 102])


@pytest.mark.parametrize("moment", [2.0**32, 1e300, -1.0])
def test_a_time_that_no_clock_of_fit_can_show_is_none(moment: float) -> None:
    fit = with_pulse(100)
    fit.define(2, RECORD, [(253, "float64"), HEARTRATE])
    fit.add(2, moment, 101)
    fit.add(2, 2.0**32 - 2, 102)
    assert_pulse(read(fit), [0, 2**32 - 2 - T], [100, 102])


def test_a_clock_that_was_never_set_gives_times_that_are_right_against_each_other() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.add(1, 5000, 100)
    fit.add(1, 5007, 101)
    recording = read(fit)
    assert recording.time.tolist() == [EPOCH + 5000, EPOCH + 5007]
    assert recording.fault == "its clock was never set: its date and time of day are unknown"


def test_a_correlation_of_both_clocks_dates_all_that_is_relative() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.define(2, EVENT, [TIME, (0, "enum"), (1, "enum")])
    fit.define(3, SESSION, [(2, "uint32")])
    fit.define(4, CORRELATION, [TIME, (1, "uint32")])
    fit.add(1, 10, 100)
    fit.add(2, 11, 0, 4)
    fit.add(2, 20, 0, 0)
    fit.add(1, T + 30, 101)
    fit.add(3, 10)
    fit.add(4, T + 15, 15)
    recording = read(fit)
    assert_pulse(recording, [10, 30], [100, 101])
    assert recording.pauses == [(START + 11, START + 20)]
    assert [session.start for session in recording.sessions] == [START + 10]
    assert recording.fault is None


def test_samples_from_before_the_clock_was_set_have_no_time() -> None:
    fit = begun()
    fit.define(1, RECORD, [TIME, HEARTRATE])
    for time_, pulse in ((10, 98), (11, 99), (T, 100)):
        fit.add(1, time_, pulse)
    recording = read(fit)
    assert_pulse(recording, [0], [100])
    assert recording.fault == "2 samples from before its clock was set have no time"


def test_a_watch_for_the_pool_has_a_record_for_each_length_and_its_time_there() -> None:
    fit = begun()
    fit.define(1, RECORD, [(5, "uint32")])
    fit.define(2, 101, [(2, "uint32"), (3, "uint32")])
    for distance, start, elapsed in ((2500, T, 27_562), (5000, T + 27, 27_937)):
        fit.add(1, distance)
        fit.add(2, start, elapsed)
    recording = read(fit)
    assert (recording.time - START).tolist() == [27, 54]
    assert recording.channels["distance"].tolist() == [25, 50]


def test_a_pause_lasts_from_the_first_stop_to_the_next_start() -> None:
    fit = with_pulse(100)
    fit.define(2, EVENT, [TIME, (0, "enum"), (1, "enum")])
    timer, other, start, stop, stop_all, marker = 0, 9, 0, 1, 4, 3
    for seconds, event, what in (
        (0, timer, start),
        (10, timer, stop_all),
        (12, timer, stop),
        (13, other, start),
        (14, timer, marker),
        (20, timer, start),
        (30, timer, stop),
        (30, timer, start),
        (40, timer, 9),
        (45, timer, start),
        (50, timer, stop_all),
    ):
        fit.add(2, T + seconds, event, what)
    fit.add(2, None, timer, start)
    assert read(fit).pauses == [(START + 10, START + 20), (START + 40, START + 45)]


@pytest.mark.parametrize(
    ("local", "offset_s"), [(T + 100 - 12_600, -12_600), (T + 100, 0), (None, -50), (0, -T - 100)]
)
def test_the_last_offset_of_the_wall_clock_is_told_as_it_stands(local: int | None, offset_s: float) -> None:
    fit = with_pulse(100)
    fit.define(2, ACTIVITY, [TIME, (5, "uint32")])
    fit.add(2, T + 50, T)
    fit.add(2, T + 100, local)
    assert read(fit).utc_offset_s == offset_s


def test_a_device_has_the_name_of_its_product_or_of_its_maker() -> None:
    fit = with_pulse(100)
    assert read(fit).device_name == "Garmin 1836"
    fit.define(2, DEVICE_INFO, [(0, "uint8"), (27, "string", 20)])
    fit.add(2, 1, "a strap")
    assert read(fit).device_name == "Garmin 1836"
    fit.add(2, 0, "Edge \u00fc")
    assert read(fit).device_name == "Edge \u00fc"
    fit = FitFile()
    fit.define(0, FILE_ID, [(1, "uint16"), (8, "string", 9)])
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.add(1, T, 100)
    assert read(fit).device_name is None
    fit.add(0, 4242, None)
    assert read(fit).device_name is None
    fit.add(0, 294, b"PACE\xff\0xyz"[:9])
    assert read(fit).device_name == "PACE\ufffd"


def test_the_checksum_is_that_of_the_writer() -> None:
    content = bytes(n * n % 251 for n in range(1030))
    for size in (*range(40), 255, 256, 257, 1023, 1024, 1030):
        assert checksum(content[:size]) == crc(content[:size])
    assert checksum(b"123456789") == 0xBB3D  # the check value of CRC-16/ARC in the RevEng catalogue


def test_definitions_files_and_messages_without_end_are_cut_short() -> None:
    fit = with_pulse(100)
    for number in range(MAX_DEFINITIONS):
        fit.define(2, SPARE + number, [(0, "uint8")])
    recording = read(fit)
    assert_pulse(recording, [0], [100])
    assert recording.fault == f"more than {MAX_DEFINITIONS:,} definitions"

    recording = read_fit(with_pulse(100).to_bytes() * (MAX_FILES + 1))
    assert len(recording.time) == MAX_FILES
    assert recording.fault == f"more than {MAX_FILES} files in one"


@pytest.mark.parametrize("step", [b"\2", b"\2\3"])
def test_ten_megabytes_of_empty_messages_take_little(step: bytes) -> None:
    fit = begun()
    for local in (2, 3):
        fit.define(local, RECORD, [])
    fit.define(1, RECORD, [TIME, HEARTRATE])
    fit.add(1, T, 100)
    fit.append(step * (10_000_000 // len(step)))
    fit.add(1, T + 1, 101)
    content = fit.to_bytes()
    before = time.process_time()
    recording = read_fit(content)
    assert time.process_time() - before < 20
    assert_pulse(recording, [0], [100])
    assert recording.fault == f"more than {MAX_MESSAGES:,} messages"


def test_memory_grows_with_the_size_only() -> None:
    peaks = []
    for count in (20_000, 40_000):
        fit = begun()
        fit.define(1, RECORD, [TIME, *((number, "uint16") for number in range(2, 8))])
        values = [range(T, T + count), *[[100] * count] * 6]
        fit.append(fit.rows(1, *values))
        content = fit.to_bytes()
        tracemalloc.start()
        read_fit(content)
        peaks.append(tracemalloc.get_traced_memory()[1] / len(content))
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 20

"""What is wrong with a file of an archive is told for it, and keeps no other out: an import over real processes."""

import gzip
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import odd_archives as odd
from tests.fit_files import FILE_ID, RECORD, FitFile
from tests.harness import rows, run
from tests.imports import (
    assert_state,
    descendants,
    ledger,
    members_of,
    names_in,
    start_program,
    state,
    with_cells,
    write_zip,
)
from tests.simulated_strava import Activity, uniform_history
from tests.simulated_strava.export import recording, write_export

SAMPLES = 60


def course() -> bytes:
    fit = FitFile()
    fit.define(0, FILE_ID, [(0, "enum")])
    fit.add(0, 6)
    fit.define(1, RECORD, [(253, "uint32"), (0, "sint32"), (1, "sint32")])
    for second in range(20):
        fit.add(1, 1_000_000_000 + second, 600_000_000 + 100 * second, 100_000_000)
    return fit.to_bytes()


PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
# What a member holds in place of its recording, and the words that the ledger has for it.
CONTENTS: Mapping[str, tuple[bytes, str]] = {
    "a PDF": (PDF, "it is neither FIT, TCX nor GPX"),
    "a course": (course(), "a FIT file of a course, not of an activity"),
    "a packed course": (gzip.compress(course(), mtime=0), "a FIT file of a course, not of an activity"),
    "a route": (
        b'<gpx version="1.1"><rte><rtept lat="54" lon="8"/></rte></gpx>',
        "has a time: a route, not an activity",
    ),
    **{
        what: (odd.FOREIGN[what], words)
        for what, words in {
            "empty": "it is empty",
            "a page": "no activity in it",
            "a picture": "it is neither FIT, TCX nor GPX",
            "a text": "it is neither FIT, TCX nor GPX",
            "zeros": "it is neither FIT, TCX nor GPX",
            "a zip": "it is neither FIT, TCX nor GPX",
            "half a gzip": "its gzip is cut off: ",
            "an empty gzip": "it is empty",
            "a gzip in a gzip": "it is neither FIT, TCX nor GPX",
        }.items()
    },
    "a gzip bomb": (odd.gzip_bomb(), "more than 200 "),
    "a bomb that begins as GPX": (
        odd.gzip_bomb(begin=b'<?xml version="1.0"?><gpx>'),
        "more than 200 ",
    ),
}


def cut_gpx(activity: Activity) -> bytes:
    return recording(activity, "1.gpx")[:4000]


def cut_tcx(activity: Activity) -> bytes:
    return gzip.decompress(recording(activity, "1.tcx.gz"))[:9000]


def cut_fit(activity: Activity) -> bytes:
    fit = gzip.decompress(recording(activity, "1.fit.gz"))
    return gzip.compress(fit[: len(fit) // 2], mtime=0)


def cut_gzip(activity: Activity) -> bytes:
    return recording(activity, "1.fit.gz")[:-200]


def wrong_in_gzip(activity: Activity) -> bytes:
    content = bytearray(recording(activity, "1.fit.gz"))
    content[-6] ^= 1  # the checksum behind all that it packs
    return bytes(content)


# What can be read up to a fault, the words for that, and whether all samples come before it.
CUT: Mapping[str, tuple[Callable[[Activity], bytes], str, bool]] = {
    "a cut GPX": (cut_gpx, "the file breaks off", False),
    "a cut TCX": (cut_tcx, "the file breaks off", False),
    "a cut FIT": (cut_fit, "cut off after 1,", False),
    "a cut gzip": (cut_gzip, "its gzip is cut off", False),
    "a wrong checksum of gzip": (wrong_in_gzip, "its gzip is damaged (Error -3", True),
}


class Odd:
    """An archive in which every fault of a member occurs once, and what an import makes of it."""

    def __init__(self, folder: Path) -> None:
        count_of_faults = len(CONTENTS) + len(CUT)
        self.activities = uniform_history(count_of_faults + 14, samples=SAMPLES)
        good = folder / "good.zip"
        write_export(good, self.activities, only_fit=True)
        self.members = members_of(good)
        self.names = names_in(self.members)
        self.failed: dict[int, str] = {}
        self.doubtful: dict[int, tuple[str, bool]] = {}
        left = iter(self.activities[::2] + self.activities[1::2])
        for content, words in CONTENTS.values():
            activity = next(left)
            self.members[self.names[activity.id]] = content
            self.failed[activity.id] = words
        for cut, words, is_whole in CUT.values():
            activity = next(left)
            self.members[self.names[activity.id]] = cut(activity)
            self.doubtful[activity.id] = words, is_whole
        missing, error, unsaid, bomb, bzip2, lzma, checksum, encrypted, packed, false_size = (
            next(left).id for _ in range(10)
        )
        del self.members[self.names[missing]]
        self.failed[missing] = f"{self.names[missing]} is not in the archive"
        # A name that stands twice means the member that comes last; the first one is of nobody.
        self.members = with_cells(
            self.members, "Filename", {error: "#error#", unsaid: "media/../nothing.fit"}
        )
        self.failed[error] = "Strava could not put its file into the archive (#error#)"
        self.failed[unsaid] = "media/../nothing.fit is not in the archive"
        self.members[self.names[bomb]] = bytes(odd.BOMB_BYTES)
        self.failed[bomb] = "more than 200 "
        self.failed[bzip2] = (
            "it cannot be read to its end (it is packed by method 12, not by deflate: zip it again)"
        )
        self.failed[lzma] = (
            "it cannot be read to its end (it is packed by method 14, not by deflate: zip it again)"
        )
        self.archive = write_zip(
            folder / "odd.zip",
            self.members,
            {
                self.names[bomb]: zipfile.ZIP_DEFLATED,
                self.names[bzip2]: zipfile.ZIP_BZIP2,
                self.names[lzma]: zipfile.ZIP_LZMA,
            },
        )
        for id_, hurt, words in (
            (checksum, odd.with_bad_checksum, ""),
            (encrypted, odd.with_encrypted, "is encrypted"),
            (packed, odd.with_unknown_packing, "it is packed by method 77, not by deflate: zip it again"),
            (false_size, odd.with_false_size, "its checksum in the zip is another one: it was damaged: "),
        ):
            hurt(self.archive, self.archive, self.names[id_])
            if not words:
                self.doubtful[id_] = "its checksum in the zip is another one: it was damaged", True
            else:
                self.failed[id_] = words
        self.playground = folder / "playground"
        self.playground.mkdir(mode=0o700)
        self.peak_kb = 0
        process = start_program(PLAIN, self.playground, self.archive)
        while process.poll() is None:
            for pid in {process.pid, *descendants(process.pid)}:
                self.peak_kb = max(self.peak_kb, peak_kb(pid))
            time.sleep(0.02)
        self.out, self.err = process.communicate()
        self.status = process.returncode


PLAIN = """
import sys
from pipelines.__main__ import main
sys.argv[1:] = ["import"]
sys.exit(main())
"""


def peak_kb(pid: int) -> int:
    """The most memory that a process ever had."""
    try:
        status = (Path("/proc") / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


@pytest.fixture(scope="module")
def imported_odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    return Odd(tmp_path_factory.mktemp("odd"))


def test_each_fault_of_a_file_is_a_row_of_the_ledger_and_the_last_lines_count_them(imported_odd: Odd) -> None:
    assert imported_odd.status == 0
    assert imported_odd.err == ""
    found = ledger(imported_odd.playground)
    assert {id_ for id_, (status, *_) in found.items() if status == "failed"} == imported_odd.failed.keys()
    for id_, words in imported_odd.failed.items():
        _, sample_count, error = found[id_]
        assert sample_count == 0
        assert error, words
        assert words in error
        assert "(OSError" not in error
        assert "could not be read (" not in error, "of a fault of a reader's"
    told = f"{len(imported_odd.failed)} could not be read (`make status PLAYGROUND="
    assert f"{len(imported_odd.activities)} new activities, 0 changed; " in imported_odd.out
    assert told in imported_odd.out
    assert "Everything else is loaded." in imported_odd.out
    status = run("status", imported_odd.playground).stdout
    assert f"{len(imported_odd.failed)} failed" in status
    assert "it is neither FIT, TCX nor GPX" in status


def test_what_can_be_read_up_to_a_fault_is_loaded_up_to_there(imported_odd: Odd) -> None:
    found = ledger(imported_odd.playground)
    held = dict(
        rows(imported_odd.playground, "select activity_id, count(*) from strava_raw.streams group by all")
    )
    for id_, (words, is_whole) in imported_odd.doubtful.items():
        status, sample_count, error = found[id_]
        assert status == "loaded", error
        assert error
        assert words in error
        assert held[id_] == sample_count
        assert sample_count == SAMPLES if is_whole else 5 < sample_count < SAMPLES, (id_, words)


def test_the_other_files_are_whole_and_all_activities_there(imported_odd: Odd) -> None:
    found = ledger(imported_odd.playground)
    whole = (
        {a.id for a in imported_odd.activities} - imported_odd.failed.keys() - imported_odd.doubtful.keys()
    )
    assert len(whole) == 4
    assert {found[id_] for id_ in whole} == {("loaded", SAMPLES, None)}
    assert rows(imported_odd.playground, "select count(*) from strava_raw.activities") == [
        (len(imported_odd.activities),)
    ]


def test_bombs_are_cut_off_and_memory_is_bounded(imported_odd: Odd) -> None:
    assert 50_000 < imported_odd.peak_kb < 480_000


def test_none_is_read_again_by_the_next_import_of_the_same_archive(imported_odd: Odd, tmp_path: Path) -> None:
    playground = Path(shutil.copytree(imported_odd.playground, tmp_path / "copy"))
    before = state(playground)
    done = run("import", playground, ARCHIVE=str(imported_odd.archive))
    assert "0 new activities, 0 changed; 0 recordings loaded" in done.stdout
    assert_state(playground, before)

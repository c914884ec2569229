"""Names that point outside, links, rights, broken zips and tables, dates: what is wrong with an archive as a whole."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.archive.container import open_container
from tests import odd_archives as odd
from tests.harness import last_line, rows, run
from tests.imports import (
    assert_state,
    ledger,
    members_of,
    names_in,
    start_program,
    state,
    with_cells,
    write_zip,
)
from tests.simulated_strava import uniform_history
from tests.simulated_strava.export import recording, write_export, write_unpacked

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


@pytest.fixture
def playground(tmp_path: Path) -> Path:
    folder = tmp_path / "playground"
    folder.mkdir(mode=0o700)
    return folder


# --- names that point outside ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_names_that_point_outside_are_looked_up_and_never_followed(
    form: str, playground: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "a" / "b"
    few = uniform_history(6, samples=20)
    write_unpacked(inside / "export", few, only_fit=True)
    outside = tmp_path / "a" / "outside.fit.gz"
    outside.write_bytes(recording(few[0], "1.fit.gz"))
    for place in (inside, inside / "export" / "activities"):
        (place.parent / "outside.fit.gz").write_bytes(outside.read_bytes())
    (inside / "export" / "outside.fit.gz").unlink()
    written = dict(
        zip(
            (a.id for a in few),
            (
                "../outside.fit.gz",
                "activities/../../outside.fit.gz",
                str(outside),
                "..\\outside.fit.gz",
                "/",
                "..",
            ),
            strict=True,
        )
    )
    table = inside / "export" / "activities.csv"
    table.write_bytes(
        with_cells({"activities.csv": table.read_bytes()}, "Filename", written)["activities.csv"]
    )
    archive = inside / "export"
    if form == "zip":
        archive = write_zip(
            inside / "export.zip",
            {str(p.relative_to(archive)): p.read_bytes() for p in archive.rglob("*") if p.is_file()},
        )
    done = run("import", playground, ARCHIVE=str(archive))
    assert "6 new activities, 0 changed; 0 recordings loaded, 6 could not be read" in done.stdout
    assert ledger(playground) == {
        id_: ("failed", 0, f"{name} is not in the archive") for id_, name in written.items()
    }


def test_members_of_such_names_are_read_where_they_are(playground: Path, tmp_path: Path) -> None:
    few = uniform_history(len(odd.OUTSIDE), samples=20)
    archive = tmp_path / "export.zip"
    write_export(archive, few, only_fit=True)
    names = names_in(members_of(archive))
    for activity, outside in zip(few, odd.OUTSIDE, strict=True):
        odd.with_name_outside(archive, archive, names[activity.id], outside)
    before = sorted(path for path in tmp_path.rglob("*") if playground not in path.parents)
    run("import", playground, ARCHIVE=str(archive))
    assert sorted(path for path in tmp_path.rglob("*") if playground not in path.parents) == before
    assert {status for status, *_ in ledger(playground).values()} <= {"loaded", "failed"}
    assert rows(playground, "select count(*) from strava_raw.activities") == [(len(few),)]


def test_links_in_a_folder_are_not_followed(playground: Path, tmp_path: Path) -> None:
    few = uniform_history(3, samples=20)
    good, outside = tmp_path / "good", tmp_path / "outside"
    write_unpacked(good, few, only_fit=True)
    outside.mkdir()
    names = {a.id: f"activities/{a.summary['upload_id']}.fit.gz" for a in few}
    for name in names.values():
        shutil.copy(good / name, outside)
    first = few[0].id
    folder = odd.with_link(good, tmp_path / "odd", names[first], outside / Path(names[first]).name)
    run("import", playground, ARCHIVE=str(folder))
    assert ledger(playground)[first] == ("failed", 0, f"{names[first]} is not in the archive")
    # Recordings alone: a linked folder, and a linked file.
    loose = tmp_path / "loose"
    shutil.copytree(good / "activities", loose)
    (loose / "more").symlink_to(outside)
    for path in sorted(loose.glob("*.gz"))[1:]:
        path.unlink()
        path.symlink_to(outside / path.name)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    run("import", other, ARCHIVE=str(loose))
    assert rows(other, "select count(*) from strava_raw.activities") == [(1,)]


def test_of_a_name_that_stands_twice_the_last_member_counts(playground: Path, tmp_path: Path) -> None:
    # Shorter: of a longer one the window of the summary would be taken.
    [one, shorter] = [uniform_history(1, samples=20)[0], uniform_history(1, samples=11)[0]]
    archive = tmp_path / "export.zip"
    write_export(archive, [one], only_fit=True)
    name = names_in(members_of(archive))[one.id]
    odd.with_more(archive, archive, {name: recording(shorter, "1.fit.gz")})
    run("import", playground, ARCHIVE=str(archive))
    assert ledger(playground) == {one.id: ("loaded", 11, None)}


# --- the archive itself ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("few") / "export.zip"
    write_export(path, uniform_history(3, samples=20), only_fit=True)
    return path


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_zip_that_is_cut_off_is_told_and_costs_nothing_that_stands(
    few_zip: Path, share: float, playground: Path, tmp_path: Path
) -> None:
    run("import", playground, ARCHIVE=str(few_zip))
    before = state(playground)
    cut = odd.truncated(few_zip, tmp_path / "cut.zip", share)
    done = run("import", playground, expect=2, ARCHIVE=str(cut))
    assert done.stderr == (
        f"strava-marts: {cut} is a zip that is cut off or damaged: download it again, then type "
        f"make import ARCHIVE={cut} PLAYGROUND={playground}\n"
    )
    assert_state(playground, before)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "activities.csv cannot be read (it is empty)"),
        (b"\0\1\2" * 500, "activities.csv cannot be read ("),
        (odd.FOREIGN["a page"], "activities.csv cannot be read ("),
        (b"id;date;name;type;description;elapsed;distance\n1;2;3;4;5;6;7\n", "not separated by commas"),
        (odd.gzip_bomb(begin=b"id,"), "activities.csv cannot be read (it holds more than 200 MB)"),
    ],
)
def test_an_activities_csv_that_cannot_be_read_ends_it(
    few_zip: Path, content: bytes, words: str, playground: Path, tmp_path: Path
) -> None:
    archive = odd.with_content(few_zip, tmp_path / "odd.zip", "activities.csv", content)
    done = run("import", playground, expect=2, ARCHIVE=str(archive))
    assert words in last_line(done)
    assert f"download the archive again, then type make import ARCHIVE={archive}" in last_line(done)
    assert len(done.stderr.splitlines()) == 1
    assert "Everything" not in done.stdout


def test_an_encrypted_activities_csv_ends_it(few_zip: Path, playground: Path, tmp_path: Path) -> None:
    archive = odd.with_encrypted(few_zip, tmp_path / "odd.zip", "activities.csv")
    done = run("import", playground, expect=2, ARCHIVE=str(archive))
    assert "activities.csv cannot be read (" in last_line(done)
    assert "is encrypted" in last_line(done)


AS_NOBODY = """
import os, sys
from pipelines.archive import loose
from pipelines.archive.reading import read
from pipelines.__main__ import main
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
# Python itself may lie where only root can read: no process of its own for the reading.
loose.read_all = lambda container, tasks, count: (read(container, task) for task in tasks)
sys.argv[1:] = ["import"]
sys.exit(main())
"""


@pytest.fixture
def of_nobody() -> Iterator[Path]:
    """A folder of a user who is not root: root may read everything."""
    folder = Path(tempfile.mkdtemp(prefix="strava-marts-nobody-"))
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


def test_what_one_has_no_right_to_look_into_is_told_and_keeps_nothing_else_out(of_nobody: Path) -> None:
    few = uniform_history(3, samples=20)
    loose = of_nobody / "loose"
    closed = loose / "closed"
    closed.mkdir(parents=True)
    for number, activity in enumerate(few):
        folder = closed if number == 2 else loose
        (folder / f"{number}.fit.gz").write_bytes(recording(activity, "1.fit.gz"))
    playground = of_nobody / "playground"
    playground.mkdir()
    if os.getuid() == 0:
        for path in [of_nobody, *of_nobody.rglob("*")]:
            os.chown(path, 65534, 65534)
    (loose / "1.fit.gz").chmod(0)
    closed.chmod(0)
    process = start_program(AS_NOBODY, playground, loose)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "1 new activity, 0 changed; 1 recording loaded, 1 could not be read" in out
    assert "note: closed cannot be looked into (Permission denied)" in out
    assert "Everything else is loaded." in out
    errors = [error for _, _, error in ledger(playground).values() if error]
    assert len(errors) == 1
    assert "Permission denied" in errors[0]


def test_names_that_are_not_utf_8_are_told_and_keep_nothing_else_out(
    playground: Path, tmp_path: Path
) -> None:
    few = uniform_history(2, samples=20)
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / "1.fit.gz").write_bytes(recording(few[0], "1.fit.gz"))
    try:
        Path(os.fsdecode(os.fsencode(loose) + b"/f\xfcr.fit.gz")).write_bytes(recording(few[1], "1.fit.gz"))
    except OSError:
        pytest.skip("this disk takes no such name")
    done = run("import", playground, ARCHIVE=str(loose))
    assert "1 new activity, 0 changed; 1 recording loaded\n" in done.stdout
    assert "note: 1 file or folder is left out, as the names are not in UTF-8" in done.stdout


def test_a_time_that_no_calendar_has_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "1.fit"
    path.write_bytes(b"")
    try:
        os.utime(path, (2**40, 2**40))
    except OSError:
        pytest.skip("this disk takes no such time")
    assert open_container(tmp_path).modified_at("1.fit").year in (2446, 2486, 9999)


# --- dates -------------------------------------------------------------------------------------------------------


def test_a_date_that_cannot_be_read_is_the_files_or_the_row_is_not_loaded(
    playground: Path, tmp_path: Path
) -> None:
    few = uniform_history(5, samples=20)
    write_export(tmp_path / "good.zip", few, only_fit=True)
    members = members_of(tmp_path / "good.zip")
    names = names_in(members)
    told, foreign, missing, manual, good = (a.id for a in few)
    members[names[foreign]] = PDF
    del members[names[missing]]
    members = with_cells(members, "Filename", {manual: ""})
    hurt = with_cells(members, "Activity Date", dict.fromkeys((told, foreign, missing, manual), "a fine day"))
    done = run("import", playground, ARCHIVE=str(write_zip(tmp_path / "odd.zip", hurt)))
    held = dict(
        rows(
            playground,
            "select id, strftime(start_date at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ') from strava_raw.activities",
        )
    )
    assert held == {a.id: a.summary["start_date"] for a in few if a.id in (told, good)}
    found = ledger(playground)
    assert found[told] == ("loaded", 20, None)
    assert found[good] == ("loaded", 20, None)
    assert {id_: found[id_] for id_ in (foreign, missing, manual)} == {
        foreign: (
            "failed",
            0,
            "its date cannot be read, and its file does not tell it (it is neither FIT, TCX nor GPX)",
        ),
        missing: ("failed", 0, f"its date cannot be read, and {names[missing]} is not in the archive"),
        manual: ("failed", 0, "its date cannot be read, and there is no file that tells it"),
    }
    assert "2 recordings loaded, 3 could not be read" in done.stdout
    assert "Everything else is loaded." in done.stdout


# --- a file that was mended ----------------------------------------------------------------------------------------


def test_a_mere_recording_that_can_be_read_now_has_failed_no_more(playground: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    [one] = uniform_history(1, samples=20)
    (loose / "ride.fit.gz").write_bytes(PDF)
    run("import", playground, ARCHIVE=str(loose))
    assert [status for status, *_ in ledger(playground).values()] == ["failed"]
    (loose / "ride.fit.gz").write_bytes(recording(one, "1.fit.gz"))
    run("import", playground, ARCHIVE=str(loose))
    assert list(ledger(playground).values()) == [("loaded", 20, None)]

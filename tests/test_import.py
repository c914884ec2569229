"""`make import`: the archive comes in whole, once, whatever its form; real processes on real files."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import odd_archives
from tests.harness import ROOT, SAMPLE_COLUMNS, last_line, made_once, rows, run
from tests.rounds import small
from tests.simulated_strava import Activity, every_kind, streams_of
from tests.simulated_strava.export import DECOY, write_export, write_unpacked
from tests.simulated_strava.routes import athlete

HISTORY = [*small(21, 16), *every_kind()]
IMPORTED = """
    select id, name, sport_type, distance, moving_time, elapsed_time, gear_id, average_heartrate, commute,
        strftime(start_date at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ'), strftime(start_date_local, '%Y-%m-%dT%H:%M:%SZ')
    from strava_raw.activities order by id
"""
# Of each activity its samples in one number.
SAMPLES = (
    f"select activity_id, count(*), sum(hash(sample_index, origin, {', '.join(SAMPLE_COLUMNS)})::hugeint) "
    "from strava_raw.streams group by all order by all"
)
LEDGER = "select activity_id, status, sample_count, error from strava_raw.stream_fetches order by all"


@pytest.fixture(scope="session")
def archive() -> Path:
    return made_once("archive", lambda folder: write_export(folder / "export.zip", HISTORY)) / "export.zip"


@pytest.fixture(scope="session")
def imported(archive: Path) -> Path:
    """A Playground with the archive imported; read only."""
    return made_once("imported", lambda folder: run("import", folder, ARCHIVE=str(archive)))


@pytest.fixture
def playground(tmp_path: Path) -> Path:
    folder = tmp_path / "playground"
    folder.mkdir(mode=0o700)
    return folder


def recorded(activities: list[Activity]) -> list[Activity]:
    return [activity for activity in activities if streams_of(activity)]


def last_run(playground: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((playground / "runs.jsonl").read_text().splitlines()[-1])
    return found


def test_every_activity_has_the_values_that_the_api_serves(imported: Path) -> None:
    held = {row[0]: row[1:] for row in rows(imported, IMPORTED)}
    assert held.keys() == {activity.id for activity in HISTORY}
    for activity in HISTORY:
        truth = activity.summary
        name, sport_type, distance, moving, elapsed, gear, heartrate, commute, start, local = held[
            activity.id
        ]
        assert (name, sport_type, gear, commute) == (
            truth["name"],
            truth["sport_type"],
            truth["gear_id"],
            truth["commute"],
        )
        assert (moving, elapsed, start, local) == (
            truth["moving_time"],
            truth["elapsed_time"],
            truth["start_date"],
            truth["start_date_local"],
        ), activity.id
        assert distance == pytest.approx(truth["distance"], rel=1e-6)
        assert (heartrate is None) == ("average_heartrate" not in truth)
        assert heartrate is None or heartrate == pytest.approx(truth["average_heartrate"], rel=1e-6)


def test_every_recording_has_its_samples_and_says_where_they_came_from(imported: Path) -> None:
    counts = dict(rows(imported, "select activity_id, count(*) from strava_raw.streams group by all"))
    assert counts == {a.id: len((streams_of(a) or {})["time"]) for a in recorded(HISTORY)}
    origins = rows(
        imported,
        "select distinct a.origin, a.archive_name, a.archive_modified_at = f.archive_modified_at, s.origin, "
        "f.file_name like 'activities/%' from strava_raw.activities a "
        "join strava_raw.stream_fetches f on f.activity_id = a.id join strava_raw.streams s on s.activity_id = a.id",
    )
    assert origins == [("archive", "export.zip", True, "archive", True)]


def test_samples_are_the_apis_but_for_the_resolution_of_the_formats(imported: Path) -> None:
    held: dict[int, list[tuple[Any, ...]]] = {}
    query = (
        "select activity_id, time, distance, altitude, heartrate, cadence, watts, temp from strava_raw.streams "
        "order by activity_id, sample_index"
    )
    for id_, *values in rows(imported, query):
        held.setdefault(id_, []).append(tuple(values))
    for activity in recorded(HISTORY):
        truth = streams_of(activity) or {}
        time, distance, altitude, *others = map(list, zip(*held[activity.id], strict=True))
        assert time == truth["time"]
        if any(value is not None for value in distance):
            # FIT has centimetres; a GPX file has none, and its positions are rounded to 7 digits.
            assert distance[-1] == pytest.approx(truth["distance"][-1], rel=2e-3, abs=1)
        if "altitude" in truth:
            # FIT has steps of 0.2 m.
            assert altitude == pytest.approx(truth["altitude"], abs=0.11)
        for name, values in zip(("heartrate", "cadence", "watts", "temp"), others, strict=True):
            if name in truth and any(value is not None for value in values):
                assert values == truth[name], (activity.id, name)


def test_a_second_import_of_the_same_archive_reads_no_recording(
    archive: Path, imported: Path, tmp_path: Path
) -> None:
    playground = tmp_path / "copy"
    shutil.copytree(imported, playground)
    before = [rows(playground, query) for query in (IMPORTED, SAMPLES, LEDGER)]
    fetched = rows(playground, "select activity_id, fetched_at from strava_raw.stream_fetches order by all")
    done = run("import", playground, ARCHIVE=str(archive))
    assert "0 new activities, 0 changed; 0 recordings loaded" in done.stdout
    assert [rows(playground, query) for query in (IMPORTED, SAMPLES, LEDGER)] == before
    assert (
        rows(playground, "select activity_id, fetched_at from strava_raw.stream_fetches order by all")
        == fetched
    )


@pytest.mark.parametrize("form", ["rezipped", "unpacked", "backslashes", "nested"])
def test_every_form_of_an_archive_is_the_same(
    form: str, archive: Path, imported: Path, playground: Path, tmp_path: Path
) -> None:
    target = tmp_path / "other"
    match form:
        case "rezipped":
            odd_archives.rezipped(archive, target)
        case "unpacked":
            write_unpacked(target, HISTORY)
        case "backslashes":
            odd_archives.with_backslashes(archive, target)
        case _:
            write_unpacked(target / "Downloads" / "export", HISTORY)
    run("import", playground, ARCHIVE=str(target))
    for query in (IMPORTED, SAMPLES, LEDGER):
        assert rows(playground, query) == rows(imported, query)


def test_nothing_else_of_the_archive_is_kept(imported: Path) -> None:
    kept = [path for path in imported.rglob("*") if path.is_file() and DECOY.encode() in path.read_bytes()]
    assert kept == []


def test_athlete_and_gear_come_with_it(imported: Path) -> None:
    truth = athlete(is_detailed=True)
    names = ("id", "firstname", "lastname", "sex", "weight", "ftp")
    held = rows(imported, f"select {', '.join(names)} from strava_raw.athlete")
    assert held == [tuple(truth[name] for name in names)]
    named = {a.summary["gear_id"] for a in HISTORY} - {None}
    assert {
        row[0] for row in rows(imported, "select id from strava_raw.gear where name is not null")
    } == named


# ---- recordings alone


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder with the recordings of some activities, under other names and without their table."""
    write_unpacked(tmp_path / "export", HISTORY[:12])
    folder = tmp_path / "watch"
    (folder / "2026").mkdir(parents=True)
    for path in (tmp_path / "export" / "activities").iterdir():
        shutil.copy2(path, folder / "2026" / f"ride-{path.name}")
    return folder


def test_recordings_alone_are_activities_with_ids_below_zero(recordings: Path, playground: Path) -> None:
    done = run("import", playground, ARCHIVE=str(recordings))
    expected = len(recorded(HISTORY[:12]))
    assert f"{expected} new activities" in done.stdout
    held = rows(playground, "select id, start_date_local, distance, moving_time from strava_raw.activities")
    assert len(held) == expected
    assert all(id_ < 0 for id_, *_ in held)
    truth = {a.summary["start_date_local"]: a.summary for a in recorded(HISTORY[:12])}
    for _, local, distance, moving in held:
        summary = truth[f"{local:%Y-%m-%dT%H:%M:%SZ}"]
        assert distance == pytest.approx(summary["distance"], rel=5e-3, abs=20)
        assert moving <= summary["elapsed_time"]


def test_a_recording_under_another_name_or_unpacked_changes_nothing(
    recordings: Path, playground: Path
) -> None:
    run("import", playground, ARCHIVE=str(recordings))
    before = [rows(playground, query) for query in (IMPORTED, SAMPLES, LEDGER)]
    for path in list(recordings.rglob("*.gz")):
        (path.parent / f"renamed-{path.name.removesuffix('.gz')}").write_bytes(
            gzip.decompress(path.read_bytes())
        )
        path.unlink()
    done = run("import", playground, ARCHIVE=str(recordings))
    assert "0 new activities" in done.stdout
    assert "were there under another name" in done.stdout
    assert [rows(playground, query) for query in (IMPORTED, SAMPLES, LEDGER)] == before


def test_a_row_of_the_table_takes_the_place_of_the_mere_recording(
    recordings: Path, playground: Path, tmp_path: Path
) -> None:
    run("import", playground, ARCHIVE=str(recordings))
    run("import", playground, ARCHIVE=str(tmp_path / "export"))
    held = rows(playground, "select id from strava_raw.activities order by id")
    assert held == [(id_,) for id_ in sorted(a.id for a in HISTORY[:12])]
    assert rows(playground, "select count(*) from strava_raw.streams where activity_id < 0") == [(0,)]
    assert rows(playground, "select count(*) from strava_raw.stream_fetches where activity_id < 0") == [(0,)]
    # And the other way round: the files are known.
    done = run("import", playground, ARCHIVE=str(recordings))
    assert "0 new activities" in done.stdout
    assert rows(playground, "select id from strava_raw.activities order by id") == held


def test_a_file_that_is_changed_takes_its_own_place(recordings: Path, playground: Path) -> None:
    [path, *_] = sorted(recordings.rglob("*.fit.gz"))
    whole = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-2000]))  # as while it is being copied
    run("import", playground, ARCHIVE=str(recordings))
    path.write_bytes(whole)
    done = run("import", playground, ARCHIVE=str(recordings))
    assert "1 new activity" in done.stdout
    assert len(rows(playground, "select id from strava_raw.activities")) == len(recorded(HISTORY[:12]))
    assert rows(playground, "select count(*) from strava_raw.stream_fetches where error is not null") == [
        (0,)
    ]


def test_samples_outlive_an_archive_that_has_lost_their_file(
    archive: Path, imported: Path, tmp_path: Path
) -> None:
    playground = tmp_path / "copy"
    shutil.copytree(imported, playground)
    [(name,)] = rows(
        playground, "select file_name from strava_raw.stream_fetches where status = 'loaded' limit 1"
    )
    odd_archives.with_filename(archive, tmp_path / "odd.zip", name)
    run("import", playground, ARCHIVE=str(tmp_path / "odd.zip"))
    assert rows(playground, SAMPLES) == rows(imported, SAMPLES)
    assert rows(playground, LEDGER) == rows(imported, LEDGER)


def test_of_several_archives_in_a_folder_one_is_read_and_it_is_said(playground: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_unpacked(tmp_path / "both" / name, HISTORY[:2] if name == "a" else HISTORY[2:4])
    done = run("import", playground, ARCHIVE=str(tmp_path / "both"))
    assert "note: a/activities.csv was read; of other archives in there, not: b/activities.csv" in done.stdout
    assert len(rows(playground, "select id from strava_raw.activities")) == 2


def test_an_archive_of_nobody_is_taken_as_the_one_athletes_and_it_is_said(
    imported: Path, tmp_path: Path
) -> None:
    playground = tmp_path / "copy"
    shutil.copytree(imported, playground)
    write_unpacked(tmp_path / "old", HISTORY[:2])
    (tmp_path / "old" / "profile.csv").unlink()
    done = run("import", playground, ARCHIVE=str(tmp_path / "old"))
    assert "note: this archive does not say whose it is: taken as athlete 24392837's" in done.stdout


# ---- what the user typed


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: "", "no archive is named"),
        (lambda folder: str(folder / "nowhere.zip"), "is not there"),
        (lambda folder: str(_written(folder / "a.zip", b"no zip at all")), "is no zip"),
        (lambda folder: str(_written(folder / "a.zip", b"PK\x03\x04 cut off")), "is cut off or damaged"),
        (lambda folder: str(_made(folder / "empty")), "holds no activities.csv and no FIT, TCX or GPX file"),
    ],
)
def test_what_is_no_archive_is_told_in_one_line(
    make: Any, words: str, playground: Path, tmp_path: Path
) -> None:
    done = run("import", playground, expect=2, ARCHIVE=make(tmp_path))
    assert words in last_line(done)
    assert re.search(r"make import (PLAYGROUND=\S+ )?ARCHIVE=", last_line(done))
    assert f"PLAYGROUND={playground}" in last_line(done)
    assert len(done.stderr.strip().splitlines()) == 1


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_archive_of_somebody_else_is_refused(imported: Path, tmp_path: Path) -> None:
    playground = tmp_path / "copy"
    shutil.copytree(imported, playground)
    write_unpacked(tmp_path / "other", HISTORY[:3])
    profile = tmp_path / "other" / "profile.csv"
    profile.write_text(profile.read_text().replace("24392837", "99"))
    before = rows(playground, IMPORTED)
    done = run("import", playground, expect=2, ARCHIVE=str(tmp_path / "other"))
    assert "is the archive of athlete 99, and what is loaded is of athlete 24392837" in last_line(done)
    assert rows(playground, IMPORTED) == before


def test_of_an_archive_alone_refresh_builds_the_marts_and_nothing_asks_for_credentials(
    imported: Path, tmp_path: Path
) -> None:
    playground = tmp_path / "copy"
    shutil.copytree(imported, playground)
    told = run("status", playground).stdout
    assert f"{len(HISTORY)} activities as export.zip of" in told
    assert "Next         make transform" in told
    assert "No credentials are set" in run("refresh", playground).stdout
    asks = f"make sql PLAYGROUND={playground} or make report PLAYGROUND={playground}, or make import"
    assert asks in run("status", playground).stdout
    assert "make authorize" not in run("status", playground).stdout
    [(count,)] = rows(playground, "select count(*) from marts.activities", "marts.duckdb")
    assert count == len(HISTORY)


# ---- in a dlt pipeline of one's own

PROGRAM = """
import sys, dlt
from pipelines.archive import archive
pipeline = dlt.pipeline("history", pipelines_dir="dlt", destination=dlt.destinations.duckdb("strava.duckdb"),
    dataset_name="strava_raw")
for _ in range(2):
    pipeline.run(archive(sys.argv[1]))
    print(sum(package.jobs["completed_jobs"] != [] for package in pipeline.last_trace.last_load_info.load_packages))
"""


def test_a_stranger_runs_the_source_with_a_pipeline_of_his_own(
    archive: Path, imported: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(archive)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for query in (IMPORTED, SAMPLES, LEDGER):
        assert rows(tmp_path, query) == rows(imported, query)

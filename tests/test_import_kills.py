"""An import that is killed, stopped or kept out at any instant ends, when typed again, as one that never was."""

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import locks
from tests.harness import ROOT, SOON, kill_after, last_line, rows, run
from tests.imports import Slow, assert_state, descendants, left_after, short_history, start_program, state
from tests.rounds import DIE_AFTER, ROUNDS, SEED, count
from tests.simulated_strava import every_kind, uniform_history
from tests.simulated_strava.export import recording, write_export, write_unpacked

LOCKED = "strava.duckdb is held open by another program"
State = list[list[tuple[Any, ...]]]


def make_playground(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def playground(tmp_path: Path) -> Path:
    return make_playground(tmp_path / "playground")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "export.zip"
    write_export(path, short_history(16))
    return path


@pytest.fixture(scope="module")
def whole(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What an import leaves that nothing happened to."""
    playground = make_playground(tmp_path_factory.mktemp("whole") / "playground")
    run("import", playground, ARCHIVE=str(archive))
    found = state(playground)
    sources = {row[0] for row in rows(playground, "select local_time_source from strava_raw.activities")}
    assert "neighbour" in sources, "some are told their local time by others"
    return found


# --- killed ----------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_killed_at_random_instants_nothing_is_lost_or_doubled(
    archive: Path, whole: State, tmp_path: Path, round_: int
) -> None:
    """Young runs, in which anything may be at work: the start, the table, the two readers' start, the first loads."""
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    playground = make_playground(tmp_path / "young")
    for _ in range(4):
        slow = Slow(playground, archive, 0.1)
        time.sleep(rng.uniform(0.2, 3.0))
        begun = descendants(slow.process.pid)
        kill_after(slow.process, 0, rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]))
        _, err = slow.process.communicate(timeout=60)
        count("kills", slow.process.returncode == -signal.SIGKILL)
        # A SIGTERM ends it, too, before it listens.
        assert slow.process.returncode in (0, -signal.SIGKILL, -signal.SIGTERM), err
        assert left_after(begun, 2) == set(), "the readers end with the command"
    run("import", playground, ARCHIVE=str(archive))
    assert_state(playground, whole)


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_killed_late_no_more_than_the_last_seconds_are_read_again(tmp_path: Path, round_: int) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    archive = tmp_path / "export.zip"
    write_export(archive, short_history(140))
    playground = make_playground(tmp_path / "old")
    slow = Slow(playground, archive, 0.08)
    slow.wait_for(1)
    kill_after(slow.process, rng.uniform(6.5, 10))
    killed = time.time()
    slow.end(expect=-signal.SIGKILL)
    served = slow.read()
    safe = {member for member, at in served.items() if at < killed - 5}
    assert safe
    again = Slow(playground, archive, 0)
    out, _ = again.end()
    lost = sorted(round(killed - served[member], 1) for member in safe & set(again.read()))
    assert lost == [], "seconds before the kill at which recordings came in that are read again"
    loaded = len(again.read())
    assert f"{loaded} recordings loaded" in out
    assert rows(
        playground,
        "select count(*) from strava_raw.stream_fetches where sample_count > 0 "
        "and fetched_at = (select max(fetched_at) from strava_raw.stream_fetches)",
    ) == [(loaded,)]
    other = make_playground(tmp_path / "never killed")
    run("import", other, ARCHIVE=str(archive))
    assert_state(playground, state(other))
    count("kills")


def test_killed_between_a_changed_row_and_its_recording_the_row_keeps_what_that_tells(
    archive: Path, playground: Path, tmp_path: Path
) -> None:
    """A newer archive has other names: each recording is read once more, and holds the first position."""
    run("import", playground, ARCHIVE=str(archive))
    other = Path(shutil.copytree(playground, tmp_path / "other"))
    renamed = [a.with_summary(name=f"{a.summary['name']} anew") for a in short_history(16)]
    newer = tmp_path / "export.zip"
    write_export(newer, renamed, modified_at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC))
    run("import", other, ARCHIVE=str(newer))
    located = (
        "select count(*) from strava_raw.activities where start_latlng is not null and name like '% anew'"
    )
    assert rows(other, located)[0][0] >= 16
    slow = Slow(playground, newer, 0.6)
    slow.wait_for(6)
    kill_after(slow.process, 0)
    slow.end(expect=-signal.SIGKILL)
    [(young,)] = rows(playground, "select count(*) from strava_raw.activities where name like '% anew'")
    assert 0 < young < len(renamed)
    run("import", playground, ARCHIVE=str(newer))
    assert_state(playground, state(other))


def test_mere_recordings_that_others_tell_the_time_of_are_told_it_after_a_kill(
    playground: Path, tmp_path: Path
) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    indoors = next(a for a in every_kind() if a.summary["sport_type"] == "Workout")
    # TCX has no local time, and these no position; the newest file is read first.
    for number, activity in enumerate([*uniform_history(11, samples=40), indoors]):
        name = "12.tcx.gz" if activity is indoors else f"{number}.fit.gz"
        (loose / name).write_bytes(recording(activity, name))
        os.utime(loose / name, (1_700_000_000 + number,) * 2)
    other = make_playground(tmp_path / "other")
    run("import", other, ARCHIVE=str(loose))
    neighbours = "select count(*) from strava_raw.activities where local_time_source = 'neighbour'"
    assert rows(other, neighbours) == [(1,)]
    slow = Slow(playground, loose, 0.6)
    slow.wait_for(6)
    kill_after(slow.process, 0)
    slow.end(expect=-signal.SIGKILL)
    assert rows(playground, neighbours) == [(0,)]
    run("import", playground, ARCHIVE=str(loose))
    assert_state(playground, state(other))


# A process that is killed when dlt has copied or merged a table and not yet noted that it has.
KILLED_AFTER = f"""{DIE_AFTER}
import sys
from pipelines.__main__ import main

table, kind = sys.argv[1:]
sys.argv[1:] = ["import"]
die_after(table, kind)
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("activities", "merge"),
        ("streams", "copy"),
        ("streams", "merge"),
        ("stream_fetches", "merge"),
    ],
)
def test_killed_between_a_step_of_a_load_and_its_note_nothing_is_doubled(
    archive: Path, whole: State, playground: Path, table: str, kind: str
) -> None:
    killed = start_program(KILLED_AFTER, playground, archive, table, kind)
    _, err = killed.communicate(timeout=60)
    assert killed.returncode == 137, err
    run("import", playground, ARCHIVE=str(archive))
    assert_state(playground, whole)


# A process that is killed before the n-th statement by which mere recordings leave for the rows that name them.
KILLED_WHILE_SUPERSEDING = """
import os, sys
from pipelines.__main__ import main
from pipelines.warehouse.load import Loader

in_turn, left = Loader._in_turn, int(sys.argv.pop())

class Connection:
    def __init__(self, connection):
        self.connection = connection

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def execute(self, statement, *values):
        global left
        if statement.startswith("delete from"):
            if not left:
                os._exit(137)
            left -= 1
        return self.connection.execute(statement, *values)

Loader._in_turn = lambda self, action: in_turn(self, lambda connection: action(Connection(connection)))
sys.argv[1:] = ["import"]
sys.exit(main())
"""


FEW = uniform_history(4, samples=30)


@pytest.fixture(scope="module")
def named_after(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, State]:
    """An export; a Playground that holds its recordings as mere ones; what importing the export makes of it."""
    folder = tmp_path_factory.mktemp("named_after")
    write_unpacked(folder / "export", FEW)
    shutil.copytree(folder / "export" / "activities", folder / "loose")
    playground = make_playground(folder / "playground")
    run("import", playground, ARCHIVE=str(folder / "loose"))
    assert rows(playground, "select count(*) from strava_raw.activities where id < 0") == [(4,)]
    other = Path(shutil.copytree(playground, folder / "other"))
    run("import", other, ARCHIVE=str(folder / "export"))
    ids = [row[0] for row in rows(other, "select id from strava_raw.activities order by id")]
    assert ids == sorted(a.id for a in FEW)
    return folder / "export", playground, state(other)


@pytest.mark.parametrize("statement", [0, 2])
def test_killed_between_samples_and_the_removal_of_the_mere_recording_it_leaves_later(
    named_after: tuple[Path, Path, State], tmp_path: Path, statement: int
) -> None:
    export, before, whole = named_after
    playground = Path(shutil.copytree(before, tmp_path / "playground"))
    killed = start_program(KILLED_WHILE_SUPERSEDING, playground, export, str(statement))
    _, err = killed.communicate(timeout=60)
    assert killed.returncode == 137, err
    run("import", playground, ARCHIVE=str(export))
    assert_state(playground, whole)


# --- stopped by the user ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_and_the_next_one_goes_on(
    archive: Path, whole: State, playground: Path, number: int
) -> None:
    slow = Slow(playground, archive, 0.1)
    slow.wait_for(5)
    begun = descendants(slow.process.pid)
    assert len(begun) >= 2
    slow.process.send_signal(number)
    sent = time.monotonic()
    out, err = slow.end()
    assert time.monotonic() - sent < 10
    assert left_after(begun, 2) == set()
    read = set(slow.read())
    assert 5 <= len(read) < 12
    assert f"stopped by {signal.Signals(number).name}; " in out
    assert "recordings are still to be read. Nothing is lost: type `make import ARCHIVE=" in out
    assert "Traceback" not in err
    again = Slow(playground, archive, 0)
    out, _ = again.end()
    assert "Everything is loaded." in out
    assert len(set(again.read()) & read) <= 1, "all is kept but what is on its way"
    assert_state(playground, whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_its_processes_while_the_readers_start_is_no_fault_of_theirs(
    archive: Path, whole: State, playground: Path, number: int
) -> None:
    """Ctrl-C on a terminal reaches the readers, too."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "import"],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground), "ARCHIVE": str(archive)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(descendants(process.pid)) < 2 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert f"stopped by {signal.Signals(number).name}" in out
    assert err == ""
    run("import", playground, ARCHIVE=str(archive))
    assert_state(playground, whole)


# --- kept out ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose samples do not fit on a small disk."""
    path = tmp_path_factory.mktemp("large") / "export.zip"
    write_export(path, uniform_history(25, samples=1500), only_fit=True)
    return path


@pytest.mark.parametrize("size", ["3m"])
def test_a_full_disk_ends_with_a_clear_message_and_a_whole_warehouse(
    large: Path, tmp_path: Path, size: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.getuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)],
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("a small disk can only be mounted by root")
    try:
        playground = make_playground(disk / "playground")
        done = run("import", playground, expect=1, ARCHIVE=str(large))
        assert "disk" in last_line(done)
        assert "is full" in last_line(done)
        assert "make import" in last_line(done)
        larger = Path(shutil.copytree(playground, tmp_path / "larger"))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
    run("import", larger, ARCHIVE=str(large))
    assert rows(
        larger, "select count(*), count(distinct (activity_id, sample_index)) from strava_raw.streams"
    ) == [(25 * 1500, 25 * 1500)]
    assert rows(larger, "select count(*), count(distinct id) from strava_raw.activities") == [(25, 25)]


def held_once_something_stands(playground: Path, slow: Slow) -> duckdb.DuckDBPyConnection:
    """Another program takes the warehouse between two loads, as soon as there are activities."""
    while slow.process.poll() is None:
        try:
            connection = duckdb.connect(str(playground / "strava.duckdb"))
        except duckdb.Error:
            time.sleep(0.02)
            continue
        try:
            if connection.execute("from strava_raw.activities limit 1").fetchall():
                return connection
        except duckdb.Error:
            pass
        connection.close()
        time.sleep(0.05)
    raise AssertionError(slow.process.communicate())


def test_what_was_read_while_another_program_held_the_warehouse_is_not_read_again(
    archive: Path, whole: State, playground: Path
) -> None:
    make_warehouse(playground)
    slow = Slow(playground, archive, 0.5, **SOON)
    with held_once_something_stands(playground, slow):
        _, err = slow.end(expect=2)
    assert LOCKED in err.splitlines()[-1]
    read = set(slow.read())
    assert 3 < len(read) < 16, "it was locked before all was read"
    again = Slow(playground, archive, 0)
    _, err = again.end()
    assert "loaded what the last run had left behind" in err
    assert set(again.read()) & read == set(), "nothing is read twice"
    assert_state(playground, whole)


def make_warehouse(playground: Path) -> None:
    duckdb.connect(str(playground / "strava.duckdb")).close()
    (playground / "strava.duckdb").chmod(0o600)


def test_a_signal_while_another_program_holds_the_warehouse_costs_no_reading(
    archive: Path, whole: State, playground: Path
) -> None:
    make_warehouse(playground)
    slow = Slow(playground, archive, 0.25)
    with held_once_something_stands(playground, slow):
        slow.wait_for(10)
        slow.process.send_signal(signal.SIGINT)
        out, _ = slow.end()
    assert "stopped by SIGINT" in out
    read = set(slow.read())
    again = Slow(playground, archive, 0)
    again.end()
    assert set(again.read()) & read == set(), "nothing is read twice"
    assert_state(playground, whole)


def test_a_locked_warehouse_is_told_before_anything_is_read(archive: Path, playground: Path) -> None:
    make_warehouse(playground)
    with duckdb.connect(str(playground / "strava.duckdb")):
        done = run("import", playground, expect=2, ARCHIVE=str(archive), **SOON)
    assert LOCKED in last_line(done)
    assert f"(process {os.getpid()})" in last_line(done)
    assert len(done.stderr.splitlines()) == 1


def test_two_writers_at_once_are_refused(archive: Path, whole: State, playground: Path) -> None:
    config = '[strava]\nclient_id = "1"\nclient_secret = "{}"\n'.format("0" * 40)
    (playground / "config.toml").write_text(config)
    slow = Slow(playground, archive, 0.15)
    slow.wait_for(1)
    at_work = f"`make import` (process {slow.process.pid}) is at work on {playground}: wait for it"
    second = run("import", playground, expect=2, ARCHIVE=str(archive))
    assert f"another {at_work}" in last_line(second)
    extract = run("extract", playground, expect=2)
    assert at_work in last_line(extract)
    assert "another" not in last_line(extract)
    slow.end()
    with locks.one_at_a_time(playground, "extract"):
        done = run("import", playground, expect=2, ARCHIVE=str(archive))
    assert f"`make extract` (process {os.getpid()}) is at work on {playground}" in last_line(done)
    assert_state(playground, whole)


def test_transform_beside_it_takes_turns_with_it(archive: Path, whole: State, playground: Path) -> None:
    slow = Slow(playground, archive, 0.3)
    slow.wait_for(3)
    while not (playground / "strava.duckdb").exists():
        time.sleep(0.05)
    run("transform", playground)
    assert slow.process.poll() is None, "they were at work at once"
    slow.end()
    assert_state(playground, whole)
    [(seen,)] = rows(playground, "select count(*) from marts.activities", "marts.duckdb")
    assert seen == len(whole[0])

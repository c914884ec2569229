"""The sync never loses and never drifts: random mutations, kills, faults and malformed answers.

`make soak` runs these longer; `SEED=…` repeats a run. Each prints what it tried, and the figures are collected at
the end (`make test` shows them under "sync figures").
"""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.harness import (
    FIGURES,
    PLENTY,
    ROOT,
    assert_equal_to_strava,
    kill_after,
    last_line,
    make_playground,
    rows,
    run,
    start,
)
from tests.simulated_strava import Fault, SimulatedStrava, history

ROUNDS = int(os.environ.get("ROUNDS") or 1)
SEED = int(os.environ.get("SEED") or 20260501)
END = dt.date(2026, 5, 1)


def count(name: str, more: int = 1) -> None:
    FIGURES[name] = FIGURES.get(name, 0) + more


def assert_equal_and_count(playground: Path, strava: SimulatedStrava) -> None:
    """Nothing is lost, nothing stands twice, no 429 was provoked: or it raises, so the zeros are counted last."""
    activities, samples = assert_equal_to_strava(playground, strava)
    assert strava.count_429 == 0
    count("activities_compared", activities)
    count("samples_compared", samples)
    count("activities_or_samples_lost_or_doubled", 0)
    count("429s_provoked", strava.count_429)


def small(seed: int, n: int = 40) -> list[Any]:
    return list(history(seed=seed, years=1, end=END))[-n:]


# --- convergence ----------------------------------------------------------------------------------------


NAMES = ["", "Läufe 🏃", "x" * 300, "O'Brien; drop table"]
# A kind of change, and a number that chooses what it meets.
CHANGES = st.tuples(
    st.sampled_from(
        ["upload", "rename", "crop", "delete", "restore", "make_private", "hide_start", "kudos", "sport"]
    ),
    st.integers(0, 59),
)


class World:
    """The simulated Strava and the changes that people make there."""

    def __init__(self, strava: SimulatedStrava, spare: list[Any]) -> None:
        self.strava, self.spare, self.gone = strava, spare, list[int]()

    def change(self, kind: str, number: int) -> None:
        strava = self.strava
        ids = sorted(row["id"] for row in strava.visible_activities())
        target = ids[number % len(ids)]
        match kind:
            case "upload" if self.spare:
                strava.add(self.spare.pop(number % len(self.spare)))
            case "rename":
                strava.rename(target, NAMES[number % len(NAMES)])
            case "crop":
                strava.crop(target)
            case "delete" if len(ids) > 5:
                strava.delete(target)
                self.gone.append(target)
            case "restore" if self.gone:
                strava.restore(self.gone.pop(number % len(self.gone)))
            case "make_private":
                strava.make_private(target)
            case "hide_start":
                strava.hide_start_time(target)
            case "kudos":
                strava.drift_kudos()
            case "sport":
                strava.change_sport(target, ["Run", "Ride", "Padel", "Zorbing"][number % 4])
            case _:
                return
        count(f"mutations_{kind}")


def between_pages(change: Callable[[], object]) -> Callable[[str, dict[str, str]], None]:
    """A hook for `before_answer` that changes Strava once, before the second page of a listing."""
    pages = 0

    def hook(path: str, _: dict[str, str]) -> None:
        nonlocal pages
        if path.endswith("/athlete/activities"):
            pages += 1
            if pages == 2:
                change()

    return hook


class Sync(RuleBasedStateMachine):
    """Changes on Strava, interleaved with runs; a failing sequence is shrunk to the shortest one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        everything = small(SEED, 60)
        random.Random(SEED).shuffle(everything)
        self.strava = SimulatedStrava(everything[:45], read_limit=PLENTY, overall_limit=PLENTY).start()
        self.world = World(self.strava, everything[45:])
        self.playground = make_playground(Path(self.folder.name) / "p", self.strava)

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=8), between=st.none() | CHANGES, full=st.booleans())
    def change_and_run(
        self, changes: list[tuple[str, int]], between: tuple[str, int] | None, full: bool
    ) -> None:
        for change in changes:
            self.world.change(*change)
        if between:
            # A change between two pages of a listing hides and doubles nothing.
            self.strava.before_answer = between_pages(lambda: self.world.change(*between))
        is_first = not (self.playground / "strava.duckdb").exists()
        since = None if is_first else self.newest() - dt.timedelta(days=29)
        run("extract", self.playground, FULL="1" if full else "", ALLOW_DELETES="1")
        count("runs")
        self.strava.before_answer = None
        if not between:
            if full or since is None:
                self.compare()
            else:
                self.compare_window(since)

    def newest(self) -> dt.datetime:
        query = "select max(start_date) from strava_raw.activities where deleted_at is null"
        [(newest,)] = rows(self.playground, query)
        return newest  # type: ignore[no-any-return]

    def compare(self) -> None:
        """Every row and every sample."""
        assert_equal_and_count(self.playground, self.strava)

    def compare_window(self, since: dt.datetime) -> None:
        """What a run without a full listing must have seen."""
        truth = {
            (row["id"], row["name"], row["sport_type"], row["distance"], row["private"])
            for row in self.strava.visible_activities()
            if dt.datetime.fromisoformat(row["start_date"]) > since
        }
        query = (
            "select id, name, sport_type, distance, private from strava_raw.activities "
            f"where deleted_at is null and start_date > '{since.isoformat()}'"
        )
        assert set(rows(self.playground, query)) == truth
        count("windows_compared")

    def teardown(self) -> None:
        try:
            if (self.playground / "strava.duckdb").exists():
                run("extract", self.playground, FULL="1", ALLOW_DELETES="1")
                self.compare()
            assert self.strava.count_429 == 0
            assert self.strava.errors == []
        finally:
            self.strava.__exit__()
            self.folder.cleanup()


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.timeout(600 + 120 * ROUNDS)  # shrinking a failure takes up to five minutes
def test_after_any_changes_a_full_listing_leaves_the_warehouse_equal_to_strava() -> None:
    print(f"seed {SEED}")
    seed(SEED)(Sync)
    run_state_machine_as_test(
        Sync,
        settings=settings(
            max_examples=4 * ROUNDS,
            stateful_step_count=5,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_run_within_the_window_sees_late_uploads_renames_crops_and_deletions(tmp_path: Path) -> None:
    everything = small(5, 40)
    with SimulatedStrava(
        everything[:-3] + everything[-2:], read_limit=PLENTY, overall_limit=PLENTY
    ) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        ids = [row["id"] for row in strava.visible_activities()]
        with_streams = [id_ for id_ in ids if strava.streams_of(id_)]
        strava.add(everything[-3])
        strava.rename(ids[0], "renamed")
        strava.crop(with_streams[1])
        strava.delete(with_streams[2])
        before = strava.count("streams")
        done = run("extract", playground)
        assert "look-back listing: 1 new, 2 changed, 1 deleted" in done.stdout
        assert strava.count("streams") - before <= 2
        assert_equal_to_strava(playground, strava)
        strava.restore(with_streams[2])
        before = strava.count("streams")
        run("extract", playground)
        assert strava.count("streams") == before, "what comes back unchanged has its streams still"
        assert_equal_to_strava(playground, strava)


def test_a_deletion_between_two_pages_hides_nothing_on_a_first_run(tmp_path: Path) -> None:
    many = list(history(seed=11, years=3, end=END))[-450:]
    with SimulatedStrava(many, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        newest = [row["id"] for row in strava.visible_activities()][:5]
        pages = iter(range(10))

        def between(path: str, _params: Any) -> None:
            if path.endswith("/athlete/activities") and next(pages) == 1:
                for id_ in newest:
                    strava.delete(id_)

        strava.before_answer = between
        strava.fault = lambda method, path, n: Fault(status=404) if path.endswith("/streams") else None
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        held = {row[0] for row in rows(playground, "select id from strava_raw.activities")}
        assert {row["id"] for row in strava.visible_activities()} <= held


def test_short_pages_and_inclusive_bounds_end_no_listing_early(tmp_path: Path) -> None:
    many = list(history(seed=12, years=2, end=END))[-330:]
    for switch in ("short_pages", "inclusive_bounds"):
        with SimulatedStrava(many, read_limit=PLENTY, overall_limit=PLENTY) as strava:
            setattr(strava, switch, True)
            strava.fault = lambda method, path, n: Fault(status=404) if path.endswith("/streams") else None
            playground = make_playground(tmp_path / switch, strava)
            run("extract", playground)
            assert rows(playground, "select count(*) from strava_raw.activities") == [(len(many),)]


def test_a_mass_deletion_is_refused_until_it_is_allowed(tmp_path: Path) -> None:
    with SimulatedStrava(small(6), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        for row in strava.visible_activities()[:30]:
            strava.delete(row["id"])
        done = run("extract", playground, FULL="1")
        assert "ALLOW_DELETES=1" in done.stdout
        assert rows(
            playground, "select count(*) from strava_raw.activities where deleted_at is not null"
        ) == [(0,)]
        run("extract", playground, FULL="1", ALLOW_DELETES="1")
        assert_equal_to_strava(playground, strava)


def test_a_listing_cut_short_deletes_nothing(tmp_path: Path) -> None:
    with SimulatedStrava(small(6), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        listings = strava.count("listing")
        strava.fault = lambda method, path, n: (
            Fault(status=500)
            if path.endswith("/athlete/activities") and strava.count("listing") > listings
            else None
        )
        done = run("extract", playground, expect=1, FULL="1")
        assert "Strava does not answer" in last_line(done)
        assert rows(
            playground, "select count(*) from strava_raw.activities where deleted_at is not null"
        ) == [(0,)]


def test_a_young_activity_without_streams_is_asked_again_and_an_old_one_never(tmp_path: Path) -> None:
    activities = small(8, 20)
    recorded = [activity for activity in activities if activity.streams_seed is not None]
    old, young = recorded[0].id, recorded[-1].id
    hour_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = [a.with_summary(start_date=hour_ago) if a.id == young else a for a in activities]
    with SimulatedStrava(recent, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.set_streams_pending(young, True)
        strava.set_streams_pending(old, True)
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        strava.set_streams_pending(young, False)
        strava.set_streams_pending(old, False)
        run("extract", playground)
        status = dict(rows(playground, "select activity_id, status from strava_raw.stream_fetches"))
        assert (status[young], status[old]) == ("loaded", "none")


# --- durability ------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_killed_at_random_instants_nothing_is_lost_and_little_is_asked_twice(
    tmp_path: Path, round_: int
) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    # Young runs, in which anything may be at work: the start, the listing, the first loads.
    with SimulatedStrava(small(9, 60), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        # Slow answers spread a run over the kills.
        strava.before_answer = lambda path, params: time.sleep(0.05)
        playground = make_playground(tmp_path / "young", strava)
        kills = 0
        for _ in range(5):
            process = start("extract", playground)
            kill_after(process, rng.uniform(0.3, 4.0), rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]))
            _, err = process.communicate(timeout=60)
            kills += process.returncode == -signal.SIGKILL
            # A SIGTERM ends it, too, before it listens.
            assert process.returncode in (0, -signal.SIGKILL, -signal.SIGTERM), err
            if rng.random() < 0.3:
                ids = [row["id"] for row in strava.visible_activities()]
                strava.crop(rng.choice(ids))
        strava.before_answer = None
        run("extract", playground, FULL="1")
        assert_equal_and_count(playground, strava)
        asked = [path for _, path, _, _ in strava.requests if path.endswith("/streams")]
        wasted = len(asked) - len(set(asked))
    # A run of 15 s, in which the work of more than 5 s is safe.
    with SimulatedStrava(small(9, 150), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        served: dict[str, float] = {}
        again: list[str] = []

        def slowly(path: str, _: dict[str, str]) -> None:
            time.sleep(0.1)
            if path.endswith("/streams"):
                served[path] = time.monotonic()

        strava.before_answer = slowly
        playground = make_playground(tmp_path / "old", strava)
        process = start("extract", playground)
        while not served and process.poll() is None:
            time.sleep(0.05)
        kill_after(process, rng.uniform(7, 13))
        killed = time.monotonic()
        _, err = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, err
        strava.before_answer = lambda path, _: again.append(path)
        run("extract", playground)
        safe = {path for path, at in served.items() if at < killed - 5}
        assert safe
        lost = sorted(round(killed - served[path], 1) for path in safe & set(again))
        assert lost == [], "seconds before the kill at which answers came that are asked for again"
        assert_equal_and_count(playground, strava)
    count("kills", kills + 1)
    count("stream_requests_wasted_by_kills", wasted + len(served.keys() & set(again)))


# A process that is killed when dlt has copied or merged a table and not yet noted that it has.
KILLED_AFTER = """
import os, sys
from dlt.common.destination.client import RunnableLoadJob
from pipelines.__main__ import main

table, kind = sys.argv[1:]
sys.argv[1:] = ["extract"]
managed = RunnableLoadJob.run_managed

def run_managed(self, *arguments, **named):
    run = self.run

    def run_and_die():
        run()
        job = self.job_file_info()
        if job.table_name == table and (job.file_format == "parquet") == (kind == "copy"):
            os._exit(137)

    self.run = run_and_die
    managed(self, *arguments, **named)

RunnableLoadJob.run_managed = run_managed
main()
"""


def killed_after(table: str, kind: str, playground: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", KILLED_AFTER, table, kind],
        cwd=ROOT,
        env={**os.environ, "PLAYGROUND": str(playground)},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("table", "kind"),
    [("activities", "copy"), ("streams", "copy"), ("streams", "merge"), ("gear", "copy")],
)
def test_killed_between_a_step_of_a_load_and_its_note_nothing_is_doubled(
    tmp_path: Path, table: str, kind: str
) -> None:
    with SimulatedStrava(small(10, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        killed = killed_after(table, kind, playground)
        assert killed.returncode == 137, killed.stderr
        asked = strava.count("streams")
        run("extract", playground)
        assert_equal_and_count(playground, strava)
        twice = rows(playground, "select id from strava_raw.gear group by id having count(*) > 1")
        assert twice == []
        assert strava.count("streams") == asked, "what was downloaded is loaded, not asked for again"


@pytest.mark.parametrize("torn", ["*.json", "*.parquet"])
def test_a_half_loaded_and_torn_package_is_asked_for_again(tmp_path: Path, torn: str) -> None:
    with SimulatedStrava(small(10, 4), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        # Recorded again with as many samples: the ledger's count cannot tell.
        id_ = next(row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"]))
        summary = strava.activities[id_].summary
        strava.activities[id_] = replace(
            strava.activities[id_], summary={**summary, "distance": summary["distance"] + 1}, streams_seed=99
        )
        assert killed_after("stream_fetches", "merge", playground).returncode == 137
        if torn == "*.json":
            # dlt merges the tables in no set order: as if the samples' turn had not come.
            with duckdb.connect(str(playground / "strava.duckdb")) as connection:
                connection.execute(
                    f"update strava_raw.streams set distance = 0.9 * distance where activity_id = {id_}"
                )
        packages = list((playground / ".dlt").rglob(torn))
        assert packages
        for path in packages:
            path.write_bytes(b"")
        run("extract", playground)
        assert_equal_and_count(playground, strava)


# --- faults ----------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_with_faults_in_one_answer_of_eight_everything_arrives(tmp_path: Path, round_: int) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    kinds = [
        lambda: Fault(status=500),
        lambda: Fault(status=502),
        lambda: Fault(reset=True),
        lambda: Fault(truncate=True),
        lambda: Fault(empty=True),
    ]

    def fault(method: str, path: str, n: int) -> Fault | None:
        if path.startswith("/oauth") or rng.random() > 0.125:
            return None
        count("faults")
        return rng.choice(kinds)()

    with SimulatedStrava(small(10), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.fault = fault
        playground = make_playground(tmp_path / "p", strava)
        for _ in range(4):
            done = run("extract", playground, expect=None)
            assert done.returncode in (0, 1), done.stderr
        strava.fault = None
        run("extract", playground, FULL="1")
        assert_equal_and_count(playground, strava)


def test_one_broken_activity_is_recorded_and_stops_no_other(tmp_path: Path) -> None:
    with SimulatedStrava(small(10, 20), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        ids = [row["id"] for row in strava.visible_activities() if strava.streams_of(row["id"])]
        strava.corrupt(ids[3])
        playground = make_playground(tmp_path / "p", strava)
        done = run("extract", playground)
        assert "1 failed (`make status` tells why)" in done.stdout
        status = run("status", playground).stdout
        assert str(ids[3]) in status
        assert "HTTP 500" in status
        failed = rows(
            playground, "select activity_id, error from strava_raw.stream_fetches where status = 'failed'"
        )
        assert failed == [(ids[3], "HTTP 500")]
        assert (
            len(rows(playground, "select 1 from strava_raw.stream_fetches where status = 'loaded'"))
            == len(ids) - 1
        )


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_malformed_answers_never_lose_the_other_rows(tmp_path: Path, round_: int) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    odd: list[Any] = [
        None,
        "",
        "\ud800 lone",
        "abc",
        -1,
        10**30,
        1e300,
        True,
        [],
        {},
        [[1, 2], None],
        "2026-13-45T99:00:00Z",
    ]

    def spoil(value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict) and depth < 4:
            return {
                key: spoil(item, depth + 1)
                for key, item in value.items()
                if rng.random() > 0.02 or key == "id"
            }
        if isinstance(value, list) and depth < 4:
            return [spoil(item, depth + 1) for item in value[:50]] + value[50:]
        return rng.choice(odd) if rng.random() < 0.05 else value

    victims: set[int] = set()

    def mutate(path: str, body: Any) -> Any:
        if path.endswith("/athlete/activities") and isinstance(body, list):
            out = []
            for row in body:
                if row["id"] % 3 == 0:
                    victims.add(row["id"])
                    row = {**spoil(row), "id": row["id"], "start_date": row["start_date"]}
                    count("answers_malformed")
                out.append(row)
            return [*out, None, 7, {"id": "x"}, {"id": 2**70}] if body else body
        if path.endswith("/streams") and rng.random() < 0.4:
            victims.add(int(path.split("/")[-2]))
            count("answers_malformed")
            return spoil(body)
        return body

    with SimulatedStrava(small(10), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.mutate_answer = mutate
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        held = {
            row[0]: row[1:]
            for row in rows(playground, "select id, name, distance, moving_time from strava_raw.activities")
        }
        truth = {row["id"]: row for row in strava.visible_activities()}
        assert set(held) == set(truth)
        whole = {id_: row for id_, row in truth.items() if id_ not in victims}
        assert whole
        for id_, row in whole.items():
            assert list(held[id_]) == [row["name"], row["distance"], row["moving_time"]]
        from tests.harness import assert_samples

        count("samples_compared", assert_samples(playground, strava, whole))
        assert (
            rows(
                playground,
                "select column_name from information_schema.columns where column_name like '%\\_\\_v\\_%' escape '\\'",
            )
            == []
        )


@pytest.mark.parametrize("size", ["2m", "4m", "6m"])
def test_a_full_disk_ends_with_a_clear_message_and_a_whole_warehouse(tmp_path: Path, size: str) -> None:
    import shutil

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
        with SimulatedStrava(small(10, 60), read_limit=PLENTY, overall_limit=PLENTY) as strava:
            playground = make_playground(disk / "p", strava)
            done = run("extract", playground, expect=1)
            assert "disk" in last_line(done)
            assert "full" in last_line(done)
            larger = tmp_path / "larger"
            shutil.copytree(playground, larger)
            run("extract", larger)
            assert_equal_to_strava(larger, strava)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


# --- authorisation ---------------------------------------------------------------------------------------


def test_each_refusal_names_the_remedy(tmp_path: Path) -> None:
    with SimulatedStrava(small(10, 5), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        code = strava.issue_code()
        run("extract", make_playground(tmp_path / "first", strava, code=code))
        used = run("extract", make_playground(tmp_path / "used", strava, code=code), expect=2)
        assert "works once" in last_line(used)
        wrong = make_playground(tmp_path / "secret", strava)
        done = run("extract", wrong, expect=2, SOURCES__STRAVA__CLIENT_SECRET="f" * 40)
        assert "client secret" in last_line(done)
        done = run(
            "extract", make_playground(tmp_path / "id", strava), expect=2, SOURCES__STRAVA__CLIENT_ID="777"
        )
        assert "client_id" in last_line(done)
        limited = make_playground(tmp_path / "scope", strava, code=strava.issue_code(scopes="read"))
        assert "make authorize" in last_line(run("extract", limited, expect=2))
        strava.deactivate_app()
        assert "subscription" in last_line(run("extract", tmp_path / "first", expect=2))
    with SimulatedStrava(small(10, 5), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "dead", strava)
        run("extract", playground)
        strava.revoke()
        assert "make authorize" in last_line(run("extract", playground, expect=2))


@pytest.mark.parametrize("rotation", ["same", "rotate", "rotate_and_kill"])
def test_an_expired_token_is_refreshed_in_the_middle_of_a_run(tmp_path: Path, rotation: str) -> None:
    with SimulatedStrava(small(10, 30), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.rotation = rotation
        playground = make_playground(tmp_path / "p", strava)
        seen = iter(range(10_000))
        strava.before_answer = lambda path, params: (
            strava.expire_access_tokens() if path.endswith("/streams") and next(seen) == 8 else None
        )
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        assert strava.count("token") == 2


@pytest.mark.parametrize("rotation", ["rotate", "rotate_and_kill"])
def test_two_processes_that_refresh_at_once_lock_nobody_out(tmp_path: Path, rotation: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from pipelines.commands._values import authorisation_of
    from pipelines.playground import Playground
    from pipelines.settings import load_settings
    from pipelines.strava.oauth import Authorisation

    with SimulatedStrava(small(10, 3), read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.rotation = rotation
        playground = Playground(make_playground(tmp_path / "p", strava))
        run("extract", playground.root)
        settings = load_settings(playground)
        for _ in range(5):
            rejected = authorisation_of(settings, playground).tokens().access_token
            strava.expire_access_tokens()
            others = [authorisation_of(settings, playground) for _ in range(4)]
            with ThreadPoolExecutor(4) as pool:
                got = list(pool.map(partial(Authorisation.tokens, rejected=rejected), others))
            assert len({tokens.access_token for tokens in got}) == 1
        run("extract", playground.root)

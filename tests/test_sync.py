"""The sync never loses and never drifts: random mutations.

`make soak` runs these longer; `SEED=…` repeats a run. Each prints what it tried, and the figures are collected at
the end (`make test` shows them under "sync figures").
"""

import datetime as dt
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.harness import (
    PLENTY,
    assert_equal_to_strava,
    last_line,
    make_playground,
    rows,
    run,
)
from tests.rounds import END, ROUNDS, SEED, assert_equal_and_count, count, small
from tests.simulated_strava import Fault, SimulatedStrava, history

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

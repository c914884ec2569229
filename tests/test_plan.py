"""What a run decides to do: rules without I/O."""

import datetime as dt

import pytest

from pipelines.known import Activity, Fetch, Known, Listing
from pipelines.strava import plan

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)


def activity(id_: int, days_ago: float = 10, **values: object) -> Activity:
    base = {"distance": 1000.0, "moving_time": 300, "elapsed_time": 310, "manual": False, "content_hash": 1}
    return Activity(id_, NOW - dt.timedelta(days=days_ago), **{**base, **values})  # type: ignore[arg-type]


def fetched(of: Activity, status: str, attempts: int = 1, again_in_h: float | None = None) -> Fetch:
    again = None if again_in_h is None else NOW + dt.timedelta(hours=again_in_h)
    return Fetch(status, 5, attempts, again, of.measures)


def test_streams_are_asked_for_newest_first_and_never_of_manual_or_deleted_activities() -> None:
    items = [activity(1, 30), activity(2, 1), activity(3, 2, manual=True), activity(4, 3, is_deleted=True)]
    pending = plan.pending_streams({a.id: a for a in items}, {}, NOW)
    assert [a.id for a in pending] == [2, 1]


@pytest.mark.parametrize("changed", [{"distance": 900.0}, {"moving_time": 299}, {"elapsed_time": 300}])
def test_streams_are_asked_for_again_when_a_measure_has_changed(changed: dict[str, float]) -> None:
    before, after = activity(1), activity(1, **changed)
    assert plan.pending_streams({1: before}, {1: fetched(before, "loaded")}, NOW) == []
    assert plan.pending_streams({1: after}, {1: fetched(before, "loaded")}, NOW) == [after]


def test_a_failure_is_tried_again_by_the_next_run_then_after_growing_pauses() -> None:
    one = activity(1)
    pauses, previous = [], None
    for _ in range(6):
        row = plan.fetch_row(one, previous, NOW, "failed", error="HTTP 500")
        pauses.append((row["next_attempt_at"] - NOW).total_seconds() / 3600)
        previous = Fetch("failed", 0, row["attempt_count"], row["next_attempt_at"], one.measures)
    assert pauses == [0, 1, 6, 24, 168, 168]


def test_no_streams_is_final_for_an_old_activity_and_asked_again_for_a_young_one() -> None:
    assert plan.fetch_row(activity(1, days_ago=1.1), None, NOW, "none")["next_attempt_at"] is None
    assert plan.fetch_row(activity(1, days_ago=0.9), None, NOW, "none")["next_attempt_at"] == NOW


def test_a_failed_second_fetch_keeps_the_count_of_the_samples_that_stand() -> None:
    one = activity(1)
    assert plan.fetch_row(one, fetched(one, "loaded"), NOW, "failed")["sample_count"] == 5


def test_the_window_is_counted_from_the_newest_activity_but_never_from_the_future() -> None:
    known = Known({1: activity(1, days_ago=40)})
    assert plan.lookback_start(known, NOW, 30) == NOW - dt.timedelta(days=70)
    known = Known({1: activity(1, days_ago=-400)})
    assert plan.lookback_start(known, NOW, 30) == NOW - dt.timedelta(days=30)


def test_only_activities_inside_the_window_vanish() -> None:
    known = Known({1: activity(1, 5), 2: activity(2, 50), 3: activity(3, 6)})
    assert plan.vanished(known, {3}, NOW - dt.timedelta(days=30)) == [1]
    assert plan.vanished(known, {3}, None) == [1, 2]


@pytest.mark.parametrize(
    ("gone", "alive", "refused"), [(10, 10, False), (11, 20, True), (11, 22, False), (0, 0, False)]
)
def test_more_than_half_and_more_than_ten_are_not_deleted_at_once(
    gone: int, alive: int, refused: bool
) -> None:
    known = Known({i: activity(i) for i in range(alive)})
    message = plan.refuse_deletion(known, gone, None, False)
    assert (message is not None) == refused
    assert plan.refuse_deletion(known, gone, None, True) is None
    if message:
        assert "ALLOW_DELETES=1" in message


def test_nothing_is_deleted_after_a_listing_with_fewer_scopes_than_the_last_one() -> None:
    known = Known({1: activity(1)}, last_full=Listing(NOW, "read,activity:read_all", None))
    assert "make authorize" in str(plan.refuse_deletion(known, 1, "read,activity:read", False))
    assert plan.refuse_deletion(known, 1, "activity:read_all,read,profile:read_all", False) is None


@pytest.mark.parametrize(
    ("hours_ago", "start_date", "forced", "due"),
    [(23, None, False, False), (25, None, False, True), (1, None, True, True), (1, dt.date(2020, 1, 1), False, True),
     (-1, None, False, True)],
)  # fmt: skip
def test_a_full_listing_is_due_after_a_day_when_forced_and_when_start_date_moved(
    hours_ago: float, start_date: dt.date | None, forced: bool, due: bool
) -> None:
    known = Known(last_full=Listing(NOW - dt.timedelta(hours=hours_ago), None, None))
    assert plan.full_listing_due(known, NOW, 24, start_date, forced) is due
    assert plan.full_listing_due(Known(), NOW, 24, None, False)

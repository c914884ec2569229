"""The two windows, the headers and their traps, on a clock of the test's own."""

import threading
from pathlib import Path

import pytest

from pipelines.strava.quota import MARGIN_S, Quota

NOON = 1_780_056_000 // 86400 * 86400 + 12 * 3600.0  # a quarter hour begins


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota(tmp_path: Path, clock: Clock) -> Quota:
    clock.now = NOON + 60
    return Quota(tmp_path / "quota.json", clock)


def headers(
    read: str, overall: str, limits: str = "100,1000", overall_limits: str = "200,2000"
) -> dict[str, str]:
    return {
        "X-Readratelimit-Usage": read,
        "X-Ratelimit-Usage": overall,
        "X-Readratelimit-Limit": limits,
        "X-Ratelimit-Limit": overall_limits,
    }


def test_requests_without_headers_are_counted_until_the_window_is_full(quota: Quota, clock: Clock) -> None:
    quota.answered(200, headers("98,98", "98,98"))
    for _ in range(2):
        assert quota.full() is None
        quota.sending()
        quota.answered(200, {})
    full = quota.full()
    assert full is not None
    assert (full.window, full.until) == ("quarter", NOON + 900 + MARGIN_S)
    clock.now = NOON + 900 + MARGIN_S
    assert quota.full() is None


def test_the_smaller_of_read_and_overall_limit_holds(quota: Quota) -> None:
    quota.answered(200, headers("10,10", "200,300"))
    assert quota.full() is not None
    assert quota.left() == (0, 990)  # today: 1000 - 10 reads, 2000 - 300 in all


@pytest.mark.parametrize("trap", [",", "0,0", "", "a,b", "1", "1,2,3"])
def test_usage_headers_that_say_nothing_are_not_believed(quota: Quota, trap: str) -> None:
    quota.answered(200, headers("50,60", "50,60"))
    quota.sending()
    quota.answered(200, headers(trap, trap, trap, trap))
    assert quota.usage.used["read"] == (51, 61)
    assert quota.usage.limits["read"] == (100, 1000)


def test_a_full_day_lasts_until_midnight_utc(quota: Quota) -> None:
    quota.answered(200, headers("10,1000", "10,1000"))
    full = quota.full()
    assert full is not None
    assert (full.window, full.until) == ("day", NOON + 12 * 3600 + MARGIN_S)


def test_a_429_blocks_until_the_quarter_hour_and_the_third_in_a_row_until_midnight(
    quota: Quota, clock: Clock
) -> None:
    for round_ in (1, 2):
        quota.answered(429, {})
        full = quota.full()
        assert full is not None
        assert full.window == "quarter"
        clock.now = NOON + 900 * round_ + 60
        assert quota.full() is None
    quota.answered(429, {})
    full = quota.full()
    assert full is not None
    assert full.window == "day"


def test_another_process_knows_what_was_used(quota: Quota, tmp_path: Path, clock: Clock) -> None:
    quota.answered(200, headers("99,99", "99,99"))
    quota.sending()
    assert Quota(tmp_path / "quota.json", clock).full() is not None
    assert (tmp_path / "quota.json").stat().st_mode & 0o777 == 0o600


def test_requests_at_the_seam_of_two_windows_count_in_both(quota: Quota, clock: Clock) -> None:
    # Strava's clock may have been past the quarter hour already when these went out.
    clock.now = NOON + 900 + 2
    for _ in range(7):
        quota.sending()
    clock.now = NOON + 900 + MARGIN_S + 1
    assert quota.left()[0] == 100 - 7


def test_a_torn_file_is_no_reason_to_fail(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "quota.json").write_text('{"quarter": 1, "da')
    assert Quota(tmp_path / "quota.json", clock).full() is None


def test_retry_after_is_honoured(quota: Quota) -> None:
    quota.answered(429, {"Retry-After": "5000"})
    full = quota.full()
    assert full is not None
    assert full.until == NOON + 60 + 5000


def test_the_display_and_the_download_take_turns(tmp_path: Path) -> None:
    """Both roll the windows over: at the same time one would undo what the other has counted."""
    entered, release = threading.Event(), threading.Event()

    def clock() -> float:
        if threading.current_thread().name == "counting":
            entered.set()
            release.wait()
        return NOON

    quota = Quota(tmp_path / "quota.json", clock)
    counting = threading.Thread(target=quota.sending, name="counting")
    asking = threading.Thread(target=quota.left)
    counting.start()
    entered.wait()
    asking.start()
    asking.join(0.3)
    is_waiting = asking.is_alive()
    release.set()
    counting.join()
    asking.join()
    assert is_waiting


@pytest.mark.parametrize(
    "kept",
    [
        '{"blocked_until": 1e18}',
        '{"blocked_until": 99999999999}',
        '{"limits": {"overall": [0, 0], "read": [0, 0]}}',
        '{"limits": {"overall": [-1, 5], "read": [100, 1000]}}',
        "[]",
        "",
    ],
)
def test_an_impossible_file_blocks_nothing(tmp_path: Path, kept: str) -> None:
    (tmp_path / "quota.json").write_text(kept)
    assert Quota(tmp_path / "quota.json", lambda: NOON).full() is None


def test_a_header_beyond_all_numbers_says_nothing(tmp_path: Path) -> None:
    quota = Quota(tmp_path / "quota.json", lambda: NOON)
    quota.sending()
    quota.answered(200, {"X-Ratelimit-Usage": "18446744073709551616,2", "X-Ratelimit-Limit": "1,9" * 40})
    quota.sending()
    assert quota.left() == (98, 998)


@pytest.mark.parametrize("before_or_after", [-3, 1, 4])
def test_requests_beside_a_boundary_count_in_the_new_window_however_late_the_next_run(
    tmp_path: Path, before_or_after: float
) -> None:
    """Strava's clock may be ahead of ours or behind."""
    clock = Clock()
    clock.now = NOON + before_or_after
    quota = Quota(tmp_path / "quota.json", clock)
    for _ in range(100):
        quota.sending()
    clock.now = NOON + 16
    assert Quota(tmp_path / "quota.json", clock).left() == (0, 900)
    clock.now = NOON + 905
    assert Quota(tmp_path / "quota.json", clock).left() == (100, 900)

"""`make status` through the life of a Playground, and its estimates."""

import datetime as dt
import json
import math
import stat
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands.status import days_needed
from tests.harness import PLENTY, away_from_window_end, make_playground, rows, run, secrets_of
from tests.simulated_strava import Fault, SimulatedStrava, history

FEW = list(history(seed=8, years=1, end=dt.date(2026, 5, 1)))[-30:]


def state(playground: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("status", playground, JSON="1").stdout)
    return found


def test_each_stage_names_what_to_type_next(tmp_path: Path) -> None:
    nothing = tmp_path / "none"
    said = run("status", nothing, expect=None)
    assert "config.template.toml" in said.stdout + said.stderr
    with SimulatedStrava(FEW, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        assert "Next         make " in run("status", playground).stdout
        run("extract", playground)
        assert state(playground)["next"] == f"make transform PLAYGROUND={playground}"
        run("transform", playground)
        after = state(playground)
        assert after["next"].startswith("make sql")
        assert after["last_transform_at"] is not None
        strava.rename(FEW[-1].id, "another name")
        run("extract", playground)
        changed = state(playground)
        assert changed["next"] == f"make transform PLAYGROUND={playground}"
        assert changed["runs"][-1]["changed"] == 1
        assert changed["runs"][-1]["requests"] >= 1
        text = run("status", playground).stdout
        assert "0 new, 1 changed, 0 deleted" in text
        for secret in secrets_of(playground, strava):
            assert secret not in text
            assert secret not in json.dumps(changed)
    assert stat.S_IMODE((playground / "runs.jsonl").stat().st_mode) == 0o600


def test_pending_and_failed_streams_are_told_with_reason_and_time(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(FEW, read_limit=(18, 1000)) as strava:
        with_streams = [a.id for a in FEW if strava.streams_of(a.id)]
        broken = with_streams[-1]
        strava.fault = lambda method, path, n: Fault(status=500) if f"/{broken}/" in path else None
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        held = state(playground)
        [failure] = held["warehouse"]["failures"]
        loaded = rows(playground, "select count(*) from strava_raw.stream_fetches where status = 'loaded'")
        assert (failure["activity_id"], failure["attempt_count"]) == (broken, 1)
        assert "500" in failure["error"]
        counts = held["warehouse"]
        assert counts["activity_count"] == len(FEW)
        assert counts["streams_loaded"] == loaded[0][0]
        assert counts["streams_failed"] == 1
        # What failed may be asked again by the next run, so it counts as pending, too.
        assert counts["streams_loaded"] + counts["streams_pending"] + counts["streams_none"] == len(
            with_streams
        )
        assert held["quota"]["quarter_hour_left"] == 0
        assert held["quota"]["quarter_hour_limit"] == 18
        assert held["next"] == f"make extract PLAYGROUND={playground}"
        text = run("status", playground).stdout
        assert str(broken) in text
        quarters = math.ceil(counts["streams_pending"] / 18)
        assert f"the rest takes about {15 * quarters} minutes" in text
        assert "Quota        0 of 18 left until" in text


@pytest.mark.parametrize(
    ("pending", "quarter_left", "day_left", "expected"),
    [
        (20, 40, 400, "a few minutes"),
        (41, 40, 400, "about 15 minutes"),
        (240, 40, 400, "about 30 minutes"),
        (340, 40, 2000, "about 45 minutes"),
        (1340, 40, 2000, "about 3 hours"),
        (401, 40, 400, "1 more day of quota (a day's begins at midnight UTC)"),
        (2400, 40, 400, "2 more days of quota (a day's begins at midnight UTC)"),
    ],
)
def test_how_long_the_rest_takes(pending: int, quarter_left: int, day_left: int, expected: str) -> None:
    """100 in a quarter of an hour, 1,000 a day: counted by hand."""
    assert days_needed(pending, quarter_left, day_left, 100, 1000) == expected


def test_a_running_extract_is_told(tmp_path: Path) -> None:
    import fcntl

    with SimulatedStrava(FEW[:3], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        with (playground / ".extract.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert state(playground)["extract_is_running"] is True
            assert "At work      make extract" in run("status", playground).stdout
        assert state(playground)["extract_is_running"] is False


def test_a_failed_run_leaves_its_message(tmp_path: Path) -> None:
    with SimulatedStrava(FEW[:3], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        strava.revoke()
        run("extract", playground, expect=2)
        found = state(playground)
        assert "make authorize" in found["last_error"]
        assert found["runs"][-1]["status"] == "failed"
        run("transform", playground)
        assert "make authorize" in state(playground)["last_error"], "another command has mended nothing"
        (playground / "tokens.json").unlink()
        run("extract", make_playground(playground, strava))
        assert state(playground)["last_error"] is None


def test_the_next_step_follows_from_what_is_there(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(FEW[:8], read_limit=(6, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("refresh", playground, WAIT="no")
        assert state(playground)["next"] == f"make extract PLAYGROUND={playground}"
        strava.read_limit = PLENTY
        (playground / "quota.json").unlink()
        assert " 0 new, 0 changed" in run("extract", playground).stdout
        assert state(playground)["next"] == f"make transform PLAYGROUND={playground}", (
            "the new streams are in no mart yet"
        )
        (playground / "strava.duckdb").write_bytes(b"no database")
        assert "move it away" in state(playground)["next"]


def test_a_damaged_record_of_runs_is_passed_over(tmp_path: Path) -> None:
    with SimulatedStrava(FEW[:3], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        whole = (playground / "runs.jsonl").read_bytes()
        odd = b'\xff\xfe\n{"status":"failed"}\n{"command":"transform","status":"done"}\n[1]\n'
        (playground / "runs.jsonl").write_bytes(odd + whole + b'{"torn')
        assert [one["command"] for one in state(playground)["runs"]] == ["extract"]


def test_a_publication_that_fails_is_recorded_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    with SimulatedStrava(FEW[:3], read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        (playground / "marts.duckdb").mkdir()
        done = run("transform", playground, expect=2)
        assert "marts.duckdb: is a directory: move it away" in done.stderr
        assert state(playground)["runs"][-1]["status"] == "failed"
        assert not list(playground.glob(".marts*"))


def test_the_documentation_is_one_page_with_all_marts(copied: Path) -> None:
    said = run("docs", copied).stdout
    page = copied / "docs" / "index.html"
    assert str(page) in said
    text = page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    for (mart,) in rows(copied, "show tables", "marts.duckdb"):
        assert f"model.strava_marts.{mart}" in text
    assert "Minetti" in text

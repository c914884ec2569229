"""Faults, malformed answers, a full disk, refusals: everything else arrives, and each is said in words."""

import os
import random
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.harness import (
    PLENTY,
    assert_equal_to_strava,
    last_line,
    make_playground,
    rows,
    run,
)
from tests.rounds import ROUNDS, SEED, assert_equal_and_count, count, small
from tests.simulated_strava import Fault, SimulatedStrava


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
        assert f"1 failed (`make status PLAYGROUND={playground}` tells why)" in done.stdout
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

"""`make extract` in a real process against the simulated Strava: the main job, the quota, the messages."""

import contextlib
import datetime as dt
import fcntl
import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import (
    PLENTY,
    SOON,
    assert_equal_to_strava,
    away_from_window_end,
    kill_after,
    last_line,
    make_playground,
    rows,
    run,
    secrets_of,
    start,
)
from tests.simulated_strava import Fault, SimulatedStrava, history

END = dt.date(2026, 5, 1)
SMALL = list(history(seed=7, years=1, end=END))[-60:]


def test_a_whole_history_arrives_at_the_stated_cost_and_a_second_run_asks_for_no_stream(
    tmp_path: Path,
) -> None:
    with SimulatedStrava(
        history(seed=3, years=2, end=END), read_limit=(5000, 9000), overall_limit=(9000, 9000)
    ) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        activities, samples = assert_equal_to_strava(playground, strava)
        assert activities > 300
        assert samples > 100_000
        can_have_streams = [row["id"] for row in strava.visible_activities() if not row["manual"]]
        assert strava.count("streams") == len(can_have_streams)
        assert strava.count("listing") <= -(-activities // 200) + 2
        total = len(strava.requests) - strava.count("token")
        assert total <= -(-activities // 200) + 1 + len(can_have_streams) + 5
        before = strava.count("streams")
        run("extract", playground)
        assert strava.count("streams") == before
        assert strava.count_429 == 0
        assert strava.errors == []
        variants = rows(
            playground,
            "select column_name from information_schema.columns where column_name like '%\\_\\_v\\_%' escape '\\'",
        )
        assert variants == []


def test_the_files_are_private_and_no_secret_is_printed(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava)
        done = run("extract", playground, DEBUG="1")
        for secret in secrets_of(playground, strava):
            assert secret not in done.stdout + done.stderr
            for path in playground.rglob("*"):
                if path.is_file() and path.name not in ("config.toml", "tokens.json"):
                    assert secret.encode() not in path.read_bytes(), path
        for path in playground.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("variable", ["WAIT", "FULL", "ALLOW_DELETES"])
def test_a_mistyped_option_is_named(tmp_path: Path, variable: str) -> None:
    with SimulatedStrava(SMALL) as strava:
        done = run("extract", make_playground(tmp_path / "p", strava), expect=2, **{variable: "banana"})
    assert f"{variable}=banana is neither yes nor no" in last_line(done)
    assert strava.requests == []


def test_a_history_larger_than_the_quota_arrives_over_several_runs(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(SMALL, read_limit=(25, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        for _ in range(6):
            done = run("extract", playground, WAIT="no")
            if "quota" not in done.stdout:
                break
            assert "make extract" in done.stdout
            held = rows(playground, "select count(*) from strava_raw.activities")
            assert held == [(len(strava.visible_activities()),)]
            # The next quarter hour, for the server and for what the Playground remembers of it.
            strava.advance(900)
            (playground / "quota.json").unlink()
        assert_equal_to_strava(playground, strava)
        asked = [path for _, path, _, status in strava.requests if path.endswith("/streams")]
        assert len(asked) == len(set(asked))
        assert strava.count_429 == 0


def test_a_second_run_in_a_full_window_sends_nothing(tmp_path: Path) -> None:
    away_from_window_end(30)
    with SimulatedStrava(SMALL, read_limit=(10, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        before = len(strava.requests)
        done = run("extract", playground, WAIT="no")
        assert "quota" in done.stdout
        assert len(strava.requests) == before
        assert strava.count_429 == 0


def test_a_full_day_ends_the_run_cleanly(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL, read_limit=(1000, 20)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        done = run("extract", playground)
        assert "today's quota" in done.stdout
        assert strava.count_429 == 0


def test_a_429_of_a_shared_quota_is_waited_out_not_retried(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        strava.fault = lambda method, path, n: Fault(status=429) if path.endswith("/streams") else None
        playground = make_playground(tmp_path / "p", strava)
        done = run("extract", playground, WAIT="no")
        assert strava.count("streams") == 1
        assert "resets at" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_loads_what_is_in_hand_and_stops(tmp_path: Path, number: int) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava)
        # The tenth answer hangs: everything before it is in hand.
        strava.fault = lambda method, path, n: (
            Fault(stall_s=60) if path.endswith("/streams") and strava.count("streams") > 10 else None
        )
        process = start("extract", playground)
        deadline = time.monotonic() + 30
        while strava.count("streams") <= 10 and time.monotonic() < deadline:
            time.sleep(0.05)
        begun = time.monotonic()
        kill_after(process, 0.1, number)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - begun < 10, "stopped within ten seconds"
        assert process.returncode == 0, err
        assert "make extract" in out
        assert rows(playground, "select count(*) from strava_raw.stream_fetches")[0][0] >= 9


def test_the_warehouse_can_be_queried_while_a_run_waits(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(SMALL, read_limit=(12, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        process = start("extract", playground)
        deadline = time.monotonic() + 40
        held: list[Any] = []
        while time.monotonic() < deadline and not held:
            time.sleep(0.5)
            try:
                held = rows(playground, "select * from strava_raw.stream_fetches limit 1")
            except duckdb.Error:
                continue
        assert held
        second = run("extract", playground, expect=2)
        assert "another `make extract`" in last_line(second)
        status = run("status", playground, JSON="1")
        assert json.loads(status.stdout)["extract_is_running"] is True
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "waiting for the quota until" in err


def test_a_stale_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        (playground / ".extract.lock").write_text("999999")
        run("extract", playground)


def test_a_locked_warehouse_is_named_and_what_was_downloaded_is_kept(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        holder = duckdb.connect(str(playground / "strava.duckdb"))
        locked_out = refusal("extract", playground, **SOON)
        holder.close()
        assert "strava.duckdb is held open by another program" in locked_out
        run("extract", playground)
        assert_equal_to_strava(playground, strava)


def test_a_warehouse_locked_during_a_run_costs_no_request_again(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:-2]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        for activity in SMALL[-2:]:
            strava.add(activity)
        before = strava.count("streams")
        holders: list[duckdb.DuckDBPyConnection] = []

        def hold(path: str, _: object) -> None:
            while path.endswith("/streams") and not holders:
                with contextlib.suppress(duckdb.Error):
                    holders.append(duckdb.connect(str(playground / "strava.duckdb")))

        strava.before_answer = hold
        locked_out = refusal("extract", playground, **SOON)
        holders[0].close()
        assert "strava.duckdb is held open by another program" in locked_out
        assert strava.count("streams") == before + 2
        run("extract", playground)
        assert_equal_to_strava(playground, strava)
        assert strava.count("streams") == before + 2


def refusal(command: str, playground: Path, **environment: str) -> str:
    """The one line with which a command asks the user to act."""
    return last_line(run(command, playground, expect=2, **environment))


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b""])
def test_a_file_that_is_no_warehouse_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        (playground / "strava.duckdb").write_bytes(content)
        done = run("extract", playground, expect=2)
        assert "is not a DuckDB file" in last_line(done)
        assert (playground / "strava.duckdb").read_bytes() == content


@pytest.mark.parametrize("size", [4096, 5000, 12288])
def test_a_truncated_warehouse_is_named(tmp_path: Path, size: int) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        os.truncate(playground / "strava.duckdb", size)
        for command in ("extract", "transform"):
            assert "move it away" in refusal(command, playground)
        assert "move it away" in run("status", playground).stdout
        assert (playground / "strava.duckdb").stat().st_size == size


def test_what_is_no_warehouse_at_all_is_named(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        other = make_playground(tmp_path / "sqlite", strava)
        (other / "strava.duckdb").write_bytes(b"SQLite format 3\0" + bytes(4080))
        assert "is not a DuckDB file: move it away" in refusal("extract", other)
        folder = make_playground(tmp_path / "folder", strava)
        (folder / "strava.duckdb").mkdir()
        assert "strava.duckdb cannot be opened (is a directory)" in refusal("extract", folder)


def test_a_damaged_warehouse_is_named(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        path = playground / "strava.duckdb"
        content = bytearray(path.read_bytes())
        content[12:20] = (9999).to_bytes(8, "little")  # in the file's header, so that its checksum fails
        path.write_bytes(content)
        done = run("extract", playground, expect=2)
        assert "strava.duckdb is damaged" in last_line(done)


def test_odd_activities_are_loaded_as_they_are(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:5]) as strava:

        def odd(path: str, body: object) -> object:
            if path.endswith("/athlete/activities") and isinstance(body, list) and body:
                body[0].update(
                    sport_type="Zorbing",
                    name="",
                    distance=0,
                    moving_time=11,
                    elapsed_time=10,
                    upload_id=2**53 + 1,
                    start_latlng=[],
                    average_watts=7,
                    brand_new_field={"a": 1.5},
                    other_new=[2**70, "\ud800 lone"],
                )
            return body

        strava.mutate_answer = odd
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        newest = rows(
            playground,
            "select sport_type, name, distance, moving_time, upload_id, brand_new_field__a, other_new "
            "from strava_raw.activities order by start_date desc limit 1",
        )
        assert newest == [("Zorbing", "", 0.0, 11, 2**53 + 1, 1.5, '[1180591620717411303424,"? lone"]')]


def test_start_date_leaves_out_what_is_older(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava, 'start_date = "2026-04-10"')
        run("extract", playground)
        truth = {a["id"] for a in strava.visible_activities() if a["start_date_local"] >= "2026-04-10"}
        assert {row[0] for row in rows(playground, "select id from strava_raw.activities")} == truth


def test_status_tells_what_to_type_next(tmp_path: Path) -> None:
    away_from_window_end(60)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "config.template.toml" in run("status", empty).stdout
    with SimulatedStrava(SMALL, read_limit=(10, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        state = json.loads(run("status", playground, JSON="1").stdout)
        assert state["next"] == f"make extract PLAYGROUND={playground}"
        assert state["warehouse"]["streams_pending"] > 0
        assert state["quota"]["quarter_hour_left"] == 0
        text = run("status", playground).stdout
        assert "pending" in text
        assert "Next         make extract" in text


def test_the_lock_is_the_kernels(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        descriptor = os.open(playground / ".extract.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert "another `make extract`" in refusal("extract", playground)
        os.close(descriptor)
        run("extract", playground)


# --- Strava's answers ------------------------------------------------------------------------------------


def test_a_new_field_of_mixed_types_keeps_its_first_type_over_pages_and_runs(tmp_path: Path) -> None:
    many = list(history(seed=7, years=2, end=END))[-230:]
    values = iter([1.5, "text"])
    with SimulatedStrava(many, read_limit=PLENTY, overall_limit=PLENTY) as strava:

        def odd(path: str, body: object) -> object:
            if path.endswith("/athlete/activities") and isinstance(body, list) and body:
                body[0]["newField"] = next(values, True)
            return body

        strava.mutate_answer = odd
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        run("extract", playground, FULL="1")
        found = rows(playground, "select new_field from strava_raw.activities where new_field is not null")
        kind = rows(playground, "select distinct typeof(new_field) from strava_raw.activities")
        assert (found, kind) == ([], [("DOUBLE",)])


@pytest.mark.parametrize("field", ["newField", "New Field", "größe", "", "Name", "_", "1st", "a__b"])
def test_a_new_field_of_any_name_is_a_column_of_every_run(tmp_path: Path, field: str) -> None:
    with SimulatedStrava(SMALL[:4]) as strava:
        answers = iter(range(100))

        def odd(path: str, body: object) -> object:
            if path.endswith("/athlete/activities") and isinstance(body, list):
                number = next(answers)
                return [{field: number, **row, "gearInfo": {"brandName": str(number)}} for row in body]
            return body

        strava.mutate_answer = odd
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        run("extract", playground)
        found = rows(playground, "select distinct gear_info__brand_name from strava_raw.activities")
        assert found == [("2",)]
        assert_equal_to_strava(playground, strava)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", None),
        ("access_token", "a\nb"),
        ("access_token", "é"),
        ("refresh_token", 7),
        ("expires_at", "soon"),
        ("scope", ["read"]),
    ],
)
def test_damaged_tokens_are_named_and_cost_nothing(tmp_path: Path, name: str, value: object) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        before = len(strava.requests)
        tokens = playground / "tokens.json"
        tokens.write_text(json.dumps({**json.loads(tokens.read_text()), name: value}))
        assert "tokens.json is damaged: delete it" in refusal("extract", playground)
        assert len(strava.requests) == before


def test_fractions_in_whole_number_streams_are_rounded() -> None:
    from pipelines.strava import shape

    answer = {"time": {"data": [0, 26.9]}, "heartrate": {"data": [139.6, None]}, "temp": {"data": [20, 21]}}
    rows, complaint = shape.streams(1, answer)
    assert complaint is None
    assert [rows[name].to_pylist() for name in ("time", "heartrate", "temp")] == [
        [0, 27],
        [140, None],
        [20, 21],
    ]


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        ("/athlete/zones", Fault(status=404)),
        ("/athlete/zones", Fault(status=200, body=b"[]")),
        ("/athlete", Fault(status=404, body=b"<html>gone</html>")),
    ],
)
def test_zones_that_cannot_be_read_stay_as_they_are(tmp_path: Path, end: str, answer: Fault) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        zones = rows(playground, "select * from strava_raw.athlete_zones order by all")
        assert len(zones) == 5
        with duckdb.connect(str(playground / "strava.duckdb")) as connection:
            connection.execute("update strava_raw.athlete set refreshed_at = refreshed_at - interval 2 day")
        strava.fault = lambda method, path, n: answer if path.endswith(end) else None
        assert "zones and gear were not read" in run("extract", playground).stdout
        assert rows(playground, "select * from strava_raw.athlete_zones order by all") == zones


def test_a_page_without_any_start_deletes_nothing(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava, 'streams = ["time"]')
        run("extract", playground)

        def timeless(path: str, body: object) -> object:
            if path.endswith("/athlete/activities") and isinstance(body, list):
                return [{**row, "start_date": None} for row in body[:5]]
            return body

        strava.mutate_answer = timeless
        done = run("extract", playground, expect=1, ALLOW_DELETES="1")
        assert "could not be read" in last_line(done)
        assert rows(playground, "select id from strava_raw.activities where deleted_at is not null") == []


def test_start_date_asks_for_no_older_streams(tmp_path: Path) -> None:
    away_from_window_end(60)
    with SimulatedStrava(SMALL, read_limit=(10, 1000)) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        strava.read_limit = PLENTY
        (playground / "quota.json").unlink()
        config = playground / "config.toml"
        config.write_text(config.read_text() + 'start_date = "2026-04-10"\n')
        before = len(strava.requests)
        run("extract", playground)
        day = {str(row["id"]): row["start_date_local"][:10] for row in strava.visible_activities()}
        asked = [
            day[path.split("/")[-2]]
            for _, path, _, _ in strava.requests[before:]
            if path.endswith("/streams")
        ]
        assert asked
        assert min(asked) >= "2026-04-10"
        assert json.loads(run("status", playground, JSON="1").stdout)["warehouse"]["streams_pending"] == 0


def test_activities_before_an_outage_are_not_recorded_as_broken(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava)
        streams: list[str] = []

        def down(method: str, path: str, n: int) -> Fault | None:
            if path.endswith("/streams"):
                streams.append(path)
            return Fault(status=503) if len(set(streams)) > 5 else None

        strava.fault = down
        done = run("extract", playground, expect=1)
        assert "Strava does not answer" in last_line(done)
        status = rows(playground, "select status, count(*) from strava_raw.stream_fetches group by all")
        assert status == [("loaded", 5)]
        strava.fault = None
        run("extract", playground)
        assert_equal_to_strava(playground, strava)


def test_a_mass_deletion_is_accepted_with_one_word(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        for row in strava.visible_activities()[5:]:
            strava.delete(row["id"])
        refused = run("extract", playground, FULL="1").stdout
        assert "ALLOW_DELETES=1" in refused
        assert "Everything else is loaded." in refused
        run("extract", playground, ALLOW_DELETES="1")
        assert_equal_to_strava(playground, strava)


def test_an_address_without_the_api_is_named(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        config = playground / "config.toml"
        config.write_text(config.read_text().replace("/api/v3", "/nope"))
        assert "correct strava.api_url" in refusal("extract", playground)


# --- at the same time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_refresh_ends_all_of_it(tmp_path: Path, number: int) -> None:
    with SimulatedStrava(SMALL, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        strava.before_answer = lambda path, params: time.sleep(0.2)
        playground = make_playground(tmp_path / "p", strava)
        process = start("refresh", playground)
        while strava.count("streams") < 3:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert f"type `make extract PLAYGROUND={playground}` to go on later" in out
        assert not (playground / "marts.duckdb").exists()


def test_transform_and_extract_take_turns(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL, read_limit=PLENTY, overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, SOURCES__STRAVA__START_DATE="2026-04-20")
        strava.before_answer = lambda path, params: time.sleep(0.3)
        process = start("extract", playground)
        while strava.count("streams") < 12:
            time.sleep(0.05)
        run("transform", playground)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "Everything is loaded." in out
        assert_equal_to_strava(playground, strava)


def test_a_signal_ends_the_wait_for_a_locked_warehouse(tmp_path: Path) -> None:
    with SimulatedStrava(SMALL[:3]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        with duckdb.connect(str(playground / "strava.duckdb")):
            process = start("extract", playground)
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            out, err = process.communicate(timeout=30)
            assert time.monotonic() - begun < 10
        assert process.returncode == 0, err
        assert "stopped by SIGINT" in out

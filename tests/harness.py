"""Runs the real commands in real processes on a Playground of a test's own, and compares with Strava."""

import fcntl
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tests import clock, dbt_parsing, forks

ROOT = Path(__file__).resolve().parent.parent
# Of a simulated Strava whose quota is not what the test is about: (a quarter of an hour, a day).
PLENTY = (50_000, 500_000)
# For a command that is to find the warehouse locked to its end: a second of patience (the user's has 15).
SOON = {forks.LOCK_WAIT_S: "1"}
# What the tests of the sync have tried and compared; `make test` prints it at its end.
FIGURES: dict[str, int] = {}
SAMPLE_COLUMNS = (
    "time",
    "distance",
    "lat",
    "lng",
    "altitude",
    "velocity_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
    "moving",
    "grade_smooth",
)


def make_playground(folder: Path, strava: Any, extra: str = "", code: str | None = None) -> Path:
    """A Playground whose config.toml points at the simulated Strava."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = folder / "config.toml"
    if config.exists() and strava.api_url not in config.read_text():
        # Each simulated Strava is another one, which tokens are not sent to.
        (folder / "tokens.json").unlink(missing_ok=True)
    config.touch(mode=0o600)
    config.write_text(
        "[strava]\n"
        f'client_id = "{strava.client_id}"\nclient_secret = "{strava.client_secret}"\n'
        f'code = "{code or strava.issue_code()}"\n'
        f'api_url = "{strava.api_url}"\noauth_url = "{strava.oauth_url}"\n{extra}\n'
    )
    return folder


@contextmanager
def held_open(database: Path) -> Iterator[None]:
    """Another program has the DuckDB file open for writing."""
    program = f"import duckdb; c = duckdb.connect({str(database)!r}); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        yield
        holder.communicate("\n")


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills for all workers of a test run together; they only read it."""
    folder = Path(os.environ[dbt_parsing.FOLDER]) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if not done.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            make(folder)
            done.touch()
    return folder


def start(command: str, playground: Path, **environment: str) -> "subprocess.Popen[str]":
    return _start(subprocess.Popen, command, playground, **environment)


def run(command: str, playground: Path, *, expect: int | None = 0, **environment: str) -> Any:
    """Run `make COMMAND`'s command to its end; its exit status must be `expect`."""
    return _finish(start(command, playground, **environment), command, expect)


def run_cold(command: str, playground: Path, **environment: str) -> Any:
    """`run` as a user's machine does it: Python starts and imports, which a fork (tests/forks.py) leaves out."""
    return _finish(_start(forks.ColdProcess, command, playground, **environment), command, 0)


def _start(
    process: "type[subprocess.Popen[str]]", command: str, playground: Path, **environment: str
) -> "subprocess.Popen[str]":
    return process(
        [sys.executable, "-m", "pipelines", command],
        cwd=ROOT,
        env={**os.environ, **clock_of_children(), "PLAYGROUND": str(playground), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process: "subprocess.Popen[str]", command: str, expect: int | None) -> Any:
    out, err = process.communicate(timeout=280)
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    if expect is not None:
        assert done.returncode == expect, f"exit {done.returncode}, not {expect}\n{out}\n{err}"
    return done


def last_line(done: Any) -> str:
    """What the command says last on stderr."""
    return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""


def kill_after(process: subprocess.Popen[str], seconds: float, number: int = signal.SIGKILL) -> None:
    time.sleep(seconds)
    if process.poll() is None:
        process.send_signal(number)


def away_from_window_end(seconds: float) -> None:
    """Set the clock of the simulated Strava and of the commands so that a quarter hour has `seconds` left.

    Its first seconds are over, too: `make extract` gives those to the window before, as clocks differ.
    """
    assert seconds < 800
    clock.set_to(time.time() // 900 * 900 + 60)


def clock_of_children() -> dict[str, str]:
    return {forks.AHEAD_S: str(clock.ahead_s)} if clock.ahead_s else {}


def away_from_day_end(seconds: float) -> None:
    """Sleep until the day in UTC, to which the marts reach, has `seconds` left."""
    left = 86400 - time.time() % 86400
    if left < seconds:
        time.sleep(left + 1)


def rows(playground: Path, query: str, database: str = "strava.duckdb") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(playground / database), read_only=True) as connection:
        return connection.sql(query).fetchall()


def assert_equal_to_strava(playground: Path, strava: Any, *, streams: bool = True) -> tuple[int, int]:
    """The warehouse holds what Strava lists, and its samples; returns the counts of both."""
    truth = {row["id"]: row for row in strava.visible_activities()}
    held = {
        row[0]: row[1:]
        for row in rows(
            playground,
            "select id, name, sport_type, distance, moving_time, elapsed_time, gear_id, private, visibility, "
            "kudos_count, strftime(start_date at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ'), "
            "strftime(start_date_local, '%Y-%m-%dT%H:%M:%SZ') "
            "from strava_raw.activities where deleted_at is null",
        )
    }
    names = [
        "name",
        "sport_type",
        "distance",
        "moving_time",
        "elapsed_time",
        "gear_id",
        "private",
        "visibility",
        "kudos_count",
        "start_date",
        "start_date_local",
    ]
    assert sorted(held) == sorted(truth)
    for id_, row in truth.items():
        assert list(held[id_]) == [row.get(name) for name in names], id_
    duplicates = rows(playground, "select id from strava_raw.activities group by id having count(*) > 1")
    assert duplicates == []
    return len(truth), assert_samples(playground, strava, truth) if streams else 0


def assert_samples(playground: Path, strava: Any, truth: dict[int, Any]) -> int:
    """Every sample that the API serves stands in strava_raw.streams, nulls included, once."""
    held: dict[int, list[tuple[Any, ...]]] = {}
    for activity_id, index, *values in rows(
        playground,
        f"select activity_id, sample_index, {', '.join(SAMPLE_COLUMNS)} from strava_raw.streams "
        "order by activity_id, sample_index",
    ):
        samples = held.setdefault(activity_id, [])
        assert index == len(samples), f"sample {index} of {activity_id} stands {len(samples)}th"
        samples.append(tuple(values))
    total = 0
    for id_ in truth:
        expected = expected_samples(strava.streams_of(id_))
        got = held.get(id_, [])
        assert len(got) == len(expected), f"{id_}: {len(got)} samples, Strava serves {len(expected)}"
        assert got == expected, id_
        total += len(expected)
    return total


def expected_samples(streams: dict[str, list[Any]] | None) -> list[tuple[Any, ...]]:
    """The API's columns as the warehouse's rows, made without Arrow."""
    if not streams:
        return []
    columns = dict(streams)
    pairs = columns.pop("latlng", None) or []
    columns["lat"] = [pair[0] if pair else None for pair in pairs]
    columns["lng"] = [pair[1] if pair else None for pair in pairs]
    count = max(len(values) for values in columns.values())
    padded = [(list(columns.get(name) or []) + [None] * count)[:count] for name in SAMPLE_COLUMNS]
    return list(zip(*padded, strict=True))


def assert_same_rows(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]], what: str) -> None:
    """Equal but for the last digits of doubles: a sum depends on the order of its terms."""
    for one, other in zip(found, expected, strict=True):
        for value, should in zip(one, other, strict=True):
            if isinstance(value, float) and isinstance(should, float):
                assert math.isclose(value, should, rel_tol=1e-11, abs_tol=1e-9), (what, one, other)
            else:
                assert value == should, (what, one, other)


def secrets_of(playground: Path, strava: Any) -> list[str]:
    """Everything that must never be printed."""
    secrets = [strava.client_secret]
    tokens = playground / "tokens.json"
    if tokens.exists():
        stored = json.loads(tokens.read_text())
        secrets += [stored["access_token"], stored["refresh_token"]]
    return secrets

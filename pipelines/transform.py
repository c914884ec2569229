"""`make transform`: dbt builds the marts in the warehouse, then they are published for SQL tools."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines import locks, oauth, runs, warehouse
from pipelines.errors import RunError, UserError, one_line
from pipelines.settings import Playground, Settings, load_settings

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
# dbt keeps what it makes for its few seconds: looking for garbage in it takes a twentieth of them.
DBT = "import gc; gc.disable(); from dbt.cli.main import cli; cli()"


def main(playground: Playground) -> None:
    settings = load_settings(playground)
    if not playground.warehouse.exists():
        raise UserError(f"{playground.warehouse} is missing: type `make extract` first")
    playground.prepare()
    started_at = dt.datetime.now(dt.UTC)
    with locks.one_at_a_time(playground, "transform") as lock:
        try:
            _build(playground, settings, lock)
        except KeyboardInterrupt:
            runs.append(playground, "transform", started_at, "stopped", "interrupted")
            raise
        except Exception as error:
            failure = warehouse.explained(error, playground.warehouse, "make transform")
            message = oauth.redact(one_line(failure), playground)[:500]
            runs.append(playground, "transform", started_at, "failed", message)
            raise failure from None
    runs.append(playground, "transform", started_at, "done", None)
    print(
        f"The marts are in {playground.marts}. Type `make sql` to query them, `make report` for the charts."
    )


def _build(playground: Playground, settings: Settings, lock: int) -> None:
    # An extraction that is at work waits for its turn to load, and goes on downloading.
    with warehouse.turn(playground) as turn:
        _require_raw(playground)
        # Unit tests ask nothing of the data: `make test` runs them. Nothing here reads dbt's artifacts.
        arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test"]
        dbt(playground, settings, *arguments, inherited=(lock, turn))
        # Of versions that remembered what had passed.
        (playground.dbt_dir / "unit-tests-passed").unlink(missing_ok=True)
        from pipelines.publish import publish

        publish(playground)


def _require_raw(playground: Playground) -> None:
    with warehouse.connect(playground.warehouse) as connection:
        found = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'strava_raw' "
            "and table_name in ('activities', 'streams', 'stream_fetches', 'athlete', 'athlete_zones', 'gear')"
        ).fetchone()
    if found is None or found[0] < 6:
        raise UserError(f"nothing is loaded yet in {playground.warehouse}: type `make extract` first")


def variables(settings: Settings) -> dict[str, Any]:
    """The settings that the models read, by the names they have in config.toml."""
    athlete = {name: value for name, value in vars(settings.athlete).items() if value is not None}
    return {**athlete, "week_start": settings.marts.week_start}


def dbt(playground: Playground, settings: Settings, *arguments: str, inherited: tuple[int, ...] = ()) -> None:
    """Run dbt on the warehouse. A subprocess: dbt keeps the DuckDB file open as long as it lives.

    It keeps the descriptors `inherited`, so that it is known to be at work even after this process was killed.
    Raises RunError with the first thing that failed, UserError when another program locks the warehouse.
    """
    command = [
        *(sys.executable, "-c", DBT),
        *(() if os.environ.get("DEBUG") == "1" else ("--quiet", "--log-level-file", "info")),
        *arguments,
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str((playground.dbt_dir / "target").absolute())),
        *("--log-path", str((playground.dbt_dir / "logs").absolute())),
        *("--vars", json.dumps(variables(settings))),
    ]
    environment = {
        **os.environ,
        "STRAVA_WAREHOUSE": str(playground.warehouse.absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    playground.dbt_dir.mkdir(exist_ok=True, mode=0o700)
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=inherited,
    )
    if os.environ.get("DEBUG") == "1":
        print(done.stdout)
    if done.returncode == 0:
        return
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    failures = _failures(output)
    error = RuntimeError(" ".join(failures))
    if warehouse.is_locked(error):
        raise warehouse.locked(playground.warehouse, error)
    known = warehouse.explained(error, playground.warehouse, "make transform")
    if isinstance(known, UserError | RunError):
        raise known
    print(output, file=sys.stderr)
    command_name = "make docs" if arguments[0] == "docs" else "make transform"
    raise RunError(
        f"dbt {arguments[0]} failed ({failures[0][:200] if failures else 'see above'}); the published marts are as "
        f"before: read the lines above or {playground.dbt_dir / 'logs' / 'dbt.log'}, then type `{command_name}`"
    )


def _failures(output: str) -> list[str]:
    """The lines in which dbt, or DuckDB through it, names an error."""
    return [line.strip() for line in output.splitlines() if re.search(r"Failure in|Error", line)]

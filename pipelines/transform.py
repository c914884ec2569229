"""`make transform`: dbt builds the marts in the warehouse, then they are published for SQL tools."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines import warehouse
from pipelines.errors import RunError, UserError
from pipelines.extract import append_record
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
    with warehouse.one_writer(playground, "transform") as lock:
        _require_raw(playground)
        failure: Exception | None = None
        try:
            # Nothing here reads dbt's artifacts.
            dbt(playground, settings, "build", "--no-write-json", inherited=(lock,))
            from pipelines.publish import publish

            publish(playground)
        except (RunError, UserError) as error:
            failure = error
    append_record(
        playground,
        {
            "command": "transform",
            "started_at": started_at.isoformat(timespec="seconds"),
            "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "status": "done" if failure is None else "failed",
            "message": None if failure is None else str(failure)[:500],
        },
    )
    if failure:
        raise failure
    print(
        f"The marts are in {playground.marts}. Type `make sql` to query them, `make report` for the charts."
    )


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
    error = RuntimeError(output)
    if warehouse.is_locked(error):
        raise warehouse.locked(playground.warehouse, error)
    known = warehouse.explained(error, playground.warehouse)
    if isinstance(known, UserError | RunError):
        raise known
    print(output, file=sys.stderr)
    raise RunError(
        f"dbt {arguments[0]} failed ({_first_failure(output)}); the published marts are as before: "
        f"read the lines above or {playground.dbt_dir / 'logs' / 'dbt.log'}, then type `make transform`"
    )


def _first_failure(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if re.search(r"(Failure|Error) in|Error", line)]
    return (lines[0] if lines else "see above")[:200]

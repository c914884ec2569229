"""`make dbt ARGS="…"`: dbt itself; and how dbt is run on a Playground by the commands that need it."""

import contextlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

from pipelines.commands._display import Steps
from pipelines.commands._environment import plain_environment
from pipelines.commands._own_models import install
from pipelines.errors import UserError
from pipelines.files import write_private
from pipelines.playground import Playground
from pipelines.settings import Settings, load_settings
from pipelines.warehouse.file import warehouse_turn

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
# Where dbt finds the settings that the models read: on its command line every user of the machine would see them.
VARIABLES = "STRAVA_VARIABLES"
# dbt keeps what it makes for its few seconds: looking for garbage in it takes a twentieth of them. Without a command
# of dbt (`--version`, or its help) there is nothing that takes variables.
PROGRAM = (
    sys.executable,
    "-c",
    f"""import gc, os, sys; gc.disable()
from dbt.cli.main import cli
words = sys.argv[1:]
if any(not word.startswith("-") for word in words) and "--vars" not in words:
    with open(os.environ[{VARIABLES!r}], encoding="utf-8") as file:
        words += ["--vars", file.read()]
cli(words)""",
)


def main(playground: Playground, arguments: str) -> int:
    """Run `dbt ARGUMENTS`, its output shown as it is; returns its exit status.

    Raises:
        UserError: The arguments have an open quotation mark, or nothing is loaded yet.
    """
    try:
        words = shlex.split(arguments)
    except ValueError as error:
        raise UserError(
            f'ARGS cannot be split into words ({error}): correct it, such as make dbt ARGS="ls"'
        ) from None
    settings = load_settings(playground)
    if not playground.warehouse.exists():
        raise UserError(f"{playground.warehouse} is missing: type `make extract` first")
    playground.prepare()
    # Another command of ours that is at work has its turn first: DuckDB would refuse one of them.
    with contextlib.ExitStack() as held:
        with Steps() as steps:
            turn = held.enter_context(warehouse_turn(playground, steps.check_stop))
        sys.stdout.flush()
        done = subprocess.run(
            [*PROGRAM, *words], env=environment(playground, settings), pass_fds=(turn,), check=False
        )
    # As a shell tells that a signal ended it.
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def environment(playground: Playground, settings: Settings) -> dict[str, str]:
    """Return the environment in which dbt finds the project, this Playground and its settings.

    Makes dbt's folder, and writes the settings into it: the caller holds the warehouse, so that no other dbt of this
    Playground reads them meanwhile.
    """
    playground.dbt_dir.mkdir(exist_ok=True, mode=0o700)
    file = playground.dbt_dir / "variables.json"
    write_private(file, json.dumps(settings.variables))
    packages = install(playground, {path.stem for path in PROJECT.rglob("models/**/*.sql")})
    return {
        **plain_environment(),
        VARIABLES: str(file.absolute()),
        "STRAVA_PACKAGES": str(packages.absolute()),
        "PYTHONPATH": str(ROOT),  # where the profile's plugin is found
        "STRAVA_TARGET": "playground",
        "STRAVA_PUBLISHED": str(playground.marts_parquet.absolute()),
        "STRAVA_WAREHOUSE": str(playground.warehouse.absolute()),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str((playground.dbt_dir / "target").absolute()),
        "DBT_LOG_PATH": str((playground.dbt_dir / "logs").absolute()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }

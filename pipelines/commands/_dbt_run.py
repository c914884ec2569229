"""dbt as a part of a command: what it is at is shown by its own events, an error of it is one line."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.commands._display import Steps
from pipelines.commands._own_models import named
from pipelines.commands.dbt import PROGRAM, PROJECT, environment
from pipelines.errors import RunError, UserError, visible
from pipelines.playground import Playground
from pipelines.settings import Settings
from pipelines.warehouse import file as warehouse

# Ctrl-C reaches dbt, too, which then may end by itself.
INTERRUPT_WAIT_S = 0.25
AT_WORK = {"build": "building", "docs": "compiling"}


def run_dbt(
    playground: Playground,
    settings: Settings,
    *arguments: str,
    steps: Steps,
    inherited: tuple[int, ...] = (),
    debug: bool = False,
) -> None:
    """Run dbt on the warehouse and show what it is at. A subprocess: it keeps the DuckDB file open as long as it lives.

    It keeps the descriptors `inherited`, so that it is known to be at work even after this process was killed.
    With `debug` its output is printed as it is. Raises RunError with the first thing that failed, UserError when
    another program locks the warehouse.
    """
    command = [
        *PROGRAM,
        *(() if debug else ("--no-use-colors", "--log-format", "json", "--log-level-file", "info")),
        *arguments,
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
    ]
    events = Events(steps, AT_WORK[arguments[0]])
    steps.begin("reading the models")
    with _started(command, environment(playground, settings), inherited) as process:
        for line in process.stdout or ():
            if debug:
                print(_plain(line), flush=True)
            events.take(line)
    if process.returncode == 0:
        return
    failures = [named(playground, failure) for failure in events.failures()]
    error = RuntimeError(" ".join(failures))
    if warehouse.is_locked(error):
        raise warehouse.locked(playground.warehouse, error)
    known = warehouse.explained(error, playground.warehouse, "make transform")
    if isinstance(known, UserError | RunError):
        raise known
    if not debug:
        for text in events.errors:
            steps.say(named(playground, text))
    command_name = "make docs" if arguments[0] == "docs" else "make transform"
    raise RunError(
        f"dbt {arguments[0]} failed ({failures[0][:200] if failures else 'see above'}); the published marts are as "
        f"before: read the lines above or {playground.dbt_dir / 'logs' / 'dbt.log'}, then type `{command_name}`"
    )


class Events:
    """dbt's lines as they come: steps are shown, errors are kept.

    https://docs.getdbt.com/reference/events-logging: a line is one event in JSON; any other line is the text of a
    program that broke, or of a dbt that was asked for text.
    """

    def __init__(self, steps: Steps, at_work: str) -> None:
        self.steps, self.at_work = steps, at_work
        self.errors: list[str] = []
        self._running: dict[str, str] = {}
        self._done: set[str] = set()
        self._total: int | None = None

    def take(self, line: str) -> None:
        """Take one line in."""
        try:
            event = json.loads(line)
            info, data = event["info"], event["data"]
        except (ValueError, TypeError, KeyError):
            self.errors.append(_plain(line))
            return
        if info["level"] == "error":
            self.errors += map(_plain, info["msg"].splitlines())
        match info["name"]:
            case "ConcurrencyLine":
                self._total = data["node_count"]
                self.steps.begin(f"{self.at_work} {data['node_count']} models and tests")
            case "BuildingCatalog":
                self.steps.begin("reading what the tables hold")
            case _ if "node_info" in data:
                self._node(data["node_info"])

    def _node(self, node: Mapping[str, Any]) -> None:
        """Show how many are done, and the one that has been at work the longest."""
        if node["node_status"] == "started":
            self._running[node["unique_id"]] = node["node_name"]
        else:
            self._running.pop(node["unique_id"], None)
            self._done.add(node["unique_id"])
        name = next(iter(self._running.values()), "")
        self.steps.draw(f"{self.at_work} {name}".rstrip(), done=len(self._done), total=self._total)

    def failures(self) -> list[str]:
        """Return the lines in which dbt, or DuckDB through it, names an error."""
        return [line.strip() for line in self.errors if re.search(r"Failure in|Error", line)]


def _plain(line: str) -> str:
    return visible(re.sub(r"\x1b\[[0-9;]*m", "", line.rstrip("\n")))


@contextlib.contextmanager
def _started(
    command: list[str], environment: dict[str, str], inherited: tuple[int, ...]
) -> Iterator["subprocess.Popen[str]"]:
    """Start a program whose lines are read by the caller; it ends with the body, however that ends."""
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=inherited,
    ) as process:
        try:
            yield process
        except BaseException:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(INTERRUPT_WAIT_S)
            process.kill()
            raise

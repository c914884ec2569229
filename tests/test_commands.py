"""`python -m pipelines`: its help, its options and the make variables behind them, what it says of a wrong one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pipelines.__main__ import cli
from tests.harness import ROOT, last_line, run

OF_THE_TEST_TOOLS = {"ROUNDS", "SEED", "ACTIVITIES", "SOURCE"}
MAKEFILE = (ROOT / "Makefile").read_text()


def pipelines(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", cli.commands)
def test_each_command_is_a_target_and_has_help(name: str) -> None:
    command = cli.commands[name]
    assert command.help
    assert all(isinstance(option, click.Option) and option.help for option in command.params)
    assert re.search(rf"(?m)^{name}: .*## ", MAKEFILE)
    assert f"python -m pipelines {name}" in pipelines(name, "--help").stdout


def test_help_lists_commands_and_options() -> None:
    said = pipelines("--help")
    assert (said.returncode, said.stderr) == (0, "")
    for name, command in cli.commands.items():
        assert re.search(rf"(?m)^  {name}  +\w", said.stdout)
        for option in command.params:
            assert option.opts[0] in said.stdout
            assert f"env var: {option.envvar}" in " ".join(said.stdout.split())


def test_each_make_variable_is_an_option_and_each_option_a_make_variable() -> None:
    exported = re.search(r"(?m)^export (.*)$", MAKEFILE)
    assert exported
    options = [*cli.params, *(option for command in cli.commands.values() for option in command.params)]
    assert {option.envvar for option in options} == {*exported[1].split()} - OF_THE_TEST_TOOLS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extrakt"], "unknown command 'extrakt': type `make` for the list"),
        ([], "missing command"),
        (["status", "--jsn"], "no such option"),
        (["--wait", "no", "extract"], "no such option"),
        (["status", "extra"], "unexpected extra argument"),
        (["extract", "--wait"], "requires an argument"),
        (["extract", "--wait", "banana"], "WAIT=banana is neither yes nor no: type WAIT=no"),
        (["extract", "--full", "banana"], "FULL=banana is neither yes nor no: type FULL=yes"),
        (["sql", "--format", "xml"], "FORMAT=xml is unknown: type FORMAT=table or FORMAT=csv or"),
        (["authorize", "--port", "0"], "AUTHORIZE_PORT must be a port number"),
    ],
)
def test_what_is_mistyped_is_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = pipelines(*arguments, PLAYGROUND=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("strava-marts: ")
    assert said in done.stderr


@pytest.mark.parametrize("debug", ["", "0", "app:*"])
def test_another_program_s_debug_is_not_ours(tmp_path: Path, debug: str) -> None:
    done = pipelines("transform", PLAYGROUND=str(tmp_path), DEBUG=debug)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "Traceback" in pipelines("transform", PLAYGROUND=str(tmp_path), DEBUG="1").stderr


def test_options_do_what_make_variables_do(tmp_path: Path) -> None:
    by_option = pipelines("--playground", str(tmp_path), "status", "--json", "yes")
    by_variable = pipelines("status", PLAYGROUND=str(tmp_path), JSON="1")
    assert (by_option.returncode, by_option.stdout[0]) == (0, "{")
    assert by_option.stdout == by_variable.stdout


def test_dbt_itself(copied: Path) -> None:  # dbt holds the warehouse, which other tests read
    listed = run("dbt", copied, ARGS="ls --select 'weekly_volume' --resource-type model")
    assert "strava_marts.marts" in listed.stdout
    shown = run("dbt", copied, ARGS=r"""show --inline "select '{{ var(\"week_start\") }}' as day" """)
    assert "monday" in shown.stdout
    assert run("dbt", copied, expect=2, ARGS="no-such-command").stderr
    assert "installed" in run("dbt", copied, ARGS="--version").stdout


def test_dbt_tells_bad_quoting_and_a_missing_warehouse(tmp_path: Path) -> None:
    done = run("dbt", tmp_path, expect=2, ARGS="ls 'x")
    assert "ARGS cannot be split into words (No closing quotation)" in last_line(done)
    assert len(done.stderr.splitlines()) == 1
    assert f"type `make extract PLAYGROUND={tmp_path}` first" in last_line(
        run("dbt", tmp_path, expect=2, ARGS="ls")
    )


def test_make_hands_arguments_over_as_they_are(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    done = subprocess.run(
        [
            make,
            "-s",
            "dbt",
            "ARGS='$x",
            f"PLAYGROUND={tmp_path}",
            f"RUN={sys.executable} -m pipelines",
            "READY=",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No closing quotation" in done.stderr


def test_transform_runs_no_unit_test_and_removes_the_old_stamp(copied: Path) -> None:
    stamp = copied / ".dbt" / "unit-tests-passed"
    stamp.write_text("of an older version")
    (copied / ".dbt" / "built.json").unlink()
    said = run("transform", copied, DEBUG="1").stdout
    assert "START test" in said
    assert "START unit_test" not in said
    assert not stamp.exists()


@pytest.mark.parametrize("command", ["authorize", "extract", "purge", "refresh", "status", "transform"])
def test_a_command_is_imported_without_what_takes_a_second(command: str) -> None:
    """dlt and pyarrow are for whoever loads, and come when he does: `make status` and errors are waited for."""
    program = f"import sys, pipelines.commands.{command}; print({{'dlt', 'pyarrow'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"

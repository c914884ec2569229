"""`python -m pipelines COMMAND`: the one entry point behind the Makefile's targets.

Each option is also a make variable: `make extract WAIT=no` is `python -m pipelines extract --wait no`.
Exit status: 0 done, or stopped cleanly with work pending; 1 the run failed; 2 the user has to act.

Commands are imported when they are asked for: dlt alone takes a second, and only extract needs it.
"""

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands._options import Debug, Number, OneOf, YesNo
from pipelines.errors import RunError, UserError, has_all_letters, is_of_file, of_file, one_line, visible
from pipelines.playground import Playground

if TYPE_CHECKING:
    from pipelines.commands.sql import Format

FORMATS = ("table", "csv", "json", "md")


# ---- the group: how errors are told, how help looks


class Commands(click.Group):
    """The commands in the order of the Makefile; an error of any is one line at the end of stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they are written in below."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command; returns its exit status."""
        shared = ctx.obj = Shared(**ctx.params)
        try:
            if note := shared.playground.check():
                print(f"note: {note}", file=sys.stderr)
            status: int | None = super().invoke(ctx)
        except (SystemExit, click.exceptions.Exit, BrokenPipeError):
            raise
        except BaseException as error:
            return tell(error, ctx.invoked_subcommand or "", shared)
        return status or 0

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. Raises UserError when there is none of that name."""
        if args[0] not in self.commands:
            raise UserError(f"unknown command {args[0]!r}: type `make` for the list")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its options."""
        rows: list[tuple[str, str]] = []
        for name, command in self.commands.items():
            rows.append((name, command.get_short_help_str(100)))
            records = [option.get_help_record(ctx) for option in command.params]
            rows += [(f"  {record[0]}", record[1]) for record in records if record]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@dataclass(frozen=True)
class Shared:
    """What all commands take."""

    playground: Playground
    debug: bool


def tell(error: BaseException, command: str, shared: Shared) -> int:
    """Print the error as one line, without secrets; returns the exit status."""
    redact = shared.playground.redact
    if shared.debug:
        import traceback

        text = redact("".join(traceback.format_exception(error)))
        print(visible(text, has_lines=True), file=sys.stderr)
    known = of_file(error, f"make {command}") if is_of_file(error) else error
    match known:
        case UserError():
            status, text = 2, one_line(known)
        case click.ClickException():
            status, text = 2, _usage(known)
        case RunError():
            status, text = 1, one_line(known)
        case KeyboardInterrupt():
            again = f"{command} ARCHIVE=…" if command == "import" else command
            status, text = 1, f"interrupted; nothing is lost: type `make {again}` to go on"
        case _:
            status = 1
            text = (
                f"{type(error).__name__}: {one_line(error)[:500]}; what was loaded is safe: type "
                f"`make {command}` to try again, `DEBUG=1 make {command}` for the details"
            )
    sys.stdout.flush()
    print(f"strava-marts: {visible(redact(shared.playground.hinted(text)))}", file=sys.stderr, flush=True)
    return status


def _path(text: str) -> Path:
    """Return the path; not every shell expands the ~ of PLAYGROUND=~/x."""
    path = Path(text)
    return path.expanduser() if text.startswith("~/") else path


def _usage(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message[:1].lower()}{message[1:]}: type `python -m pipelines --help` for the list"


# ---- the commands

YES, NO = YesNo(True), YesNo(False)
share = click.make_pass_decorator(Shared)
wait = click.option(
    "--wait", envvar="WAIT", type=YES, default=True, show_envvar=True, help="Wait at a full quota window."
)
full = click.option(
    "--full", envvar="FULL", type=NO, default=False, show_envvar=True, help="List everything."
)
allow_deletes = click.option(
    "--allow-deletes",
    envvar="ALLOW_DELETES",
    type=NO,
    default=False,
    show_envvar=True,
    help="Accept that many activities are gone.",
)


@click.group(cls=Commands, no_args_is_help=False, context_settings={"max_content_width": 110})
@click.option(
    "--playground",
    envvar="PLAYGROUND",
    type=lambda text: Playground(_path(text)),
    default="Playground",
    metavar="PATH",
    show_envvar=True,
    help="The folder of your files.",
)
@click.option(
    "--debug",
    envvar="DEBUG",
    type=Debug(),
    default=False,
    show_envvar=True,
    help="Show what went wrong in full.",
)
def cli(playground: Playground, debug: bool) -> None:
    """Your whole Strava history as SQL marts on your own machine."""


@cli.command()
@click.option(
    "--port",
    envvar="AUTHORIZE_PORT",
    type=Number("a port number", 65536, is_whole=True),
    show_envvar=True,
    help="Of this machine, for the way back from Strava; any free one by default.",
)
@click.option(
    "--timeout",
    "timeout_s",
    envvar="AUTHORIZE_TIMEOUT_S",
    type=Number("a number of seconds", 86400),
    default=300.0,
    show_envvar=True,
    help="How many seconds to wait for the browser.",
)
@share
def authorize(shared: Shared, port: int | None, timeout_s: float) -> None:
    """Let this machine read your Strava account, once."""
    from pipelines.commands import authorize as command

    command.main(shared.playground, port=port, timeout_s=timeout_s)


@cli.command()
@wait
@full
@allow_deletes
@share
def extract(shared: Shared, wait: bool, full: bool, allow_deletes: bool) -> None:
    """Download what is new, changed or missing."""
    from pipelines.commands import extract as command

    command.main(shared.playground, wait=wait, full=full, allow_deletes=allow_deletes)


@cli.command("import")
@click.option(
    "--archive",
    envvar="ARCHIVE",
    default="",
    show_envvar=True,
    metavar="PATH",
    help="The zip from Strava, or a folder of FIT, TCX and GPX files.",
)
@share
def import_(shared: Shared, archive: str) -> None:
    """Read Strava's bulk export, or a folder of recordings."""
    from pipelines.commands import import_ as command

    command.main(shared.playground, archive)


@cli.command()
@share
def transform(shared: Shared) -> None:
    """Build and publish the marts."""
    from pipelines.commands import transform as command

    command.main(shared.playground, debug=shared.debug)


@cli.command()
@wait
@full
@allow_deletes
@share
def refresh(shared: Shared, wait: bool, full: bool, allow_deletes: bool) -> None:
    """Extract, then transform."""
    from pipelines.commands import refresh as command

    command.main(shared.playground, wait=wait, full=full, allow_deletes=allow_deletes, debug=shared.debug)


@cli.command()
@click.option(
    "--json", "as_json", envvar="JSON", type=NO, default=False, show_envvar=True, help="For programs."
)
@share
def status(shared: Shared, as_json: bool) -> None:
    """Tell what is loaded, pending, failed; the quota; what to type next."""
    from pipelines.commands import status as command

    command.main(shared.playground, as_json=as_json)


@cli.command()
@click.option(
    "--query", "-q", envvar="Q", default="", show_envvar=True, help="Print one result instead of a prompt."
)
@click.option(
    "--format",
    "kind",
    envvar="FORMAT",
    type=OneOf(*FORMATS),
    default="table",
    show_envvar=True,
    help="How to print it.",
)
@share
def sql(shared: Shared, query: str, kind: "Format") -> int:
    """Open a SQL prompt on the marts, or print one result."""
    from pipelines.commands import sql as command

    return command.main(shared.playground, query=query, kind=kind)


@cli.command()
@share
def report(shared: Shared) -> None:
    """Draw an HTML page with the charts."""
    from pipelines.commands import report as command

    command.main(shared.playground)


@cli.command()
@share
def docs(shared: Shared) -> None:
    """Make dbt's documentation of all models, as a page."""
    from pipelines.commands import docs as command

    command.main(shared.playground, debug=shared.debug)


@cli.command()
@click.option("--args", "arguments", envvar="ARGS", default="", show_envvar=True, help='Such as "ls".')
@share
def dbt(shared: Shared, arguments: str) -> int:
    """Run dbt itself, with this Playground's warehouse and settings."""
    from pipelines.commands import dbt as command

    return command.main(shared.playground, arguments)


@cli.command()
@share
def purge(shared: Shared) -> None:
    """Remove what is deleted on Strava from every table and file."""
    from pipelines.commands import purge as command

    command.main(shared.playground, debug=shared.debug)


def main() -> int:
    """Run what the command line asks for; returns the exit status."""
    os.umask(0o077)  # every file of the Playground is for the user alone
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not has_all_letters(stream):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = cli.main(prog_name="python -m pipelines", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # `make status | head -1`: who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except click.Abort:  # Ctrl-C before the command has begun
        return 1
    except click.ClickException as error:  # before the command: an option of the group
        print(f"strava-marts: {visible(_usage(error))}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())

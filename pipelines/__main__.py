"""`python -m pipelines COMMAND`: the one entry point behind the Makefile's targets.

Exit status: 0 done, or stopped cleanly with work pending; 1 the run failed; 2 the user has to act.
"""

import importlib
import os
import sys
from pathlib import Path

from pipelines.errors import RunError, UserError, is_of_file, of_file, one_line
from pipelines.settings import Playground

COMMANDS = ("authorize", "extract", "transform", "refresh", "status", "sql", "report", "docs")


def run(command: str, playground: Playground) -> int:
    try:
        if command not in COMMANDS:
            raise UserError(f"unknown command {command!r}: type `make` for the list")
        playground.check()
        # Imported late: dlt takes a second, and only extract needs it.
        importlib.import_module("pipelines.report" if command == "report" else f"pipelines.commands.{command}").main(playground)
    except SystemExit:
        raise
    except BaseException as error:
        from pipelines.strava.oauth import redact

        if os.environ.get("DEBUG") == "1":
            import traceback

            print(redact(traceback.format_exc(), playground), file=sys.stderr)
        known = of_file(error, f"make {command}") if is_of_file(error) else error
        match known:
            case UserError():
                status, text = 2, one_line(known)
            case RunError():
                status, text = 1, one_line(known)
            case KeyboardInterrupt():
                status, text = 1, f"interrupted; nothing is lost: type `make {command}` to go on"
            case _:
                status = 1
                text = (
                    f"{type(error).__name__}: {one_line(error)[:500]}; what was loaded is safe: type "
                    f"`make {command}` to try again, `DEBUG=1 make {command}` for the details"
                )
        sys.stdout.flush()
        print(f"strava-marts: {redact(text, playground)}", file=sys.stderr, flush=True)
        return status
    return 0


def main() -> int:
    os.umask(0o077)  # every file of the Playground is for the user alone
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    return run(command, Playground(Path(os.environ.get("PLAYGROUND") or "Playground")))


if __name__ == "__main__":
    sys.exit(main())

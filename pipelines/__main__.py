"""`python -m pipelines COMMAND`: the one entry point behind the Makefile's targets.

Exit status: 0 done, or stopped cleanly with work pending; 1 the run failed; 2 the user has to act.
"""

import importlib
import os
import sys
from pathlib import Path

from pipelines.errors import RunError, UserError, one_line
from pipelines.settings import Playground

COMMANDS = ("authorize", "extract", "transform", "refresh", "status", "sql", "report", "docs")


def run(command: str, playground: Playground) -> int:
    try:
        if command not in COMMANDS:
            raise UserError(f"unknown command {command!r}: type `make` for the list")
        # Imported late: dlt takes a second, and only extract needs it.
        importlib.import_module(f"pipelines.{command}").main(playground)
    except BaseException as error:
        if os.environ.get("DEBUG") == "1" and not isinstance(error, SystemExit):
            import traceback

            from pipelines.oauth import redact

            print(redact(traceback.format_exc(), playground), file=sys.stderr)
        match error:
            case UserError():
                status, text = 2, one_line(error)
            case RunError():
                status, text = 1, one_line(error)
            case KeyboardInterrupt():
                status, text = 1, f"interrupted; nothing is lost: type `make {command}` to go on"
            case SystemExit():
                raise
            case _:
                from pipelines.oauth import redact

                status = 1
                cause = redact(one_line(error), playground)[:500]
                text = (
                    f"{type(error).__name__}: {cause}; what was loaded is safe: type `make {command}` to try "
                    f"again, `DEBUG=1 make {command}` for the details"
                )
        sys.stdout.flush()
        print(f"strava-marts: {text}", file=sys.stderr, flush=True)
        return status
    return 0


def main() -> int:
    os.umask(0o077)  # every file of the Playground is for the user alone
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    return run(command, Playground(Path(os.environ.get("PLAYGROUND") or "Playground")))


if __name__ == "__main__":
    sys.exit(main())

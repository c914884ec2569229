"""`make refresh`: extract, then transform."""

from pipelines.commands import extract, transform
from pipelines.errors import InterruptedRunError
from pipelines.playground import Playground


def main(playground: Playground, *, wait: bool, full: bool, allow_deletes: bool, debug: bool = False) -> None:
    """Run both; a clean stop of the first does not keep the second from running."""
    # At a full quota the marts are built from what is there; Ctrl-C means all of it.
    stopped = extract.extract(playground, wait=wait, full=full, allow_deletes=allow_deletes)
    if isinstance(stopped, InterruptedRunError):
        return
    transform.main(playground, debug=debug)

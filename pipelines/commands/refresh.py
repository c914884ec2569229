"""`make refresh`: extract, then transform; of an archive alone there is nothing to download."""

from pipelines import locks
from pipelines.commands import extract, transform
from pipelines.errors import InterruptedRunError
from pipelines.playground import Playground
from pipelines.settings import has_credentials, load_settings
from pipelines.warehouse.file import warehouse_turn


def main(playground: Playground, *, wait: bool, full: bool, allow_deletes: bool, debug: bool = False) -> None:
    """Run both; a clean stop of the first does not keep the second from running."""
    if not has_credentials(load_settings(playground)) and _has_archive(playground):
        print("No credentials are set: the marts are built from the archive that is loaded.")
    else:
        # At a full quota the marts are built from what is there; Ctrl-C means all of it.
        stopped = extract.extract(playground, wait=wait, full=full, allow_deletes=allow_deletes)
        if isinstance(stopped, InterruptedRunError):
            return
    transform.main(playground, debug=debug)


def _has_archive(playground: Playground) -> bool:
    if not playground.warehouse.exists():
        return False
    from pipelines.warehouse.known import read_known

    with warehouse_turn(playground, locks.never_stop):
        known = read_known(playground)
    return any(activity.archived for activity in known.activities.values())

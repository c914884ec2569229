"""`make refresh`: extract, then transform."""

from pipelines.commands import extract, transform
from pipelines.errors import InterruptedRunError
from pipelines.playground import Playground


def main(playground: Playground) -> None:
    # At a full quota the marts are built from what is there; Ctrl-C means all of it.
    if isinstance(extract.extract(playground), InterruptedRunError):
        return
    transform.main(playground)

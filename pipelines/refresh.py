"""`make refresh`: extract, then transform."""

from pipelines import extract, transform
from pipelines.backlog import Interrupted
from pipelines.settings import Playground


def main(playground: Playground) -> None:
    # At a full quota the marts are built from what is there; Ctrl-C means all of it.
    if isinstance(extract.extract(playground), Interrupted):
        return
    transform.main(playground)

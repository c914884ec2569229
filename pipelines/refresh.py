"""`make refresh`: extract, then transform."""

from pipelines import extract, transform
from pipelines.settings import Playground


def main(playground: Playground) -> None:
    extract.extract(playground)
    transform.main(playground)

"""The dlt source "archive": `dlt.pipeline(...).run(archive("export.zip"))`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.archive.source import archive

__all__ = ["archive"]


def __getattr__(name: str) -> object:
    """Import the source when it is asked for: dlt takes a second, and processes that only read files need none."""
    if name != "archive":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipelines.archive.source import archive

    return archive

"""One parse of dbt_project/ for all Playgrounds of a test run.

dbt keeps what it has parsed in its target folder (partial_parse.msgpack). A new Playground gets the file of another
one that had the same variables, and dbt reads of the project only what has changed since.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.commands.dbt import VARIABLES

# What the workers of a run share: set by conftest.py.
FOLDER = "TESTS_DBT_PARSING"
NAME = "partial_parse.msgpack"


@contextlib.contextmanager
def shared(arguments: list[str]) -> Iterator[None]:
    """Around a run of dbt with these arguments: give it what was parsed before, keep what it has parsed."""
    if FOLDER not in os.environ or VARIABLES not in os.environ or "--vars" in arguments:
        yield
        return
    _forget_the_path()
    own = Path(os.environ["DBT_TARGET_PATH"]) / NAME
    same = _after("--project-dir", arguments) + Path(os.environ[VARIABLES]).read_text()
    kept = Path(os.environ[FOLDER]) / hashlib.sha256(same.encode()).hexdigest()
    if kept.exists() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(kept, own)
    try:
        yield
    finally:
        if own.exists() and not kept.exists():
            temporary = kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(own, temporary)
            temporary.replace(kept)


def _after(option: str, arguments: list[str]) -> str:
    return arguments[arguments.index(option) + 1] if option in arguments else ""


def _forget_the_path() -> None:
    """dbt parses anew when the warehouse's path changes, or the folders it may read; no model of ours depends on them."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    keys: Callable[[DuckDBCredentials], tuple[str, ...]] = DuckDBCredentials._connection_keys
    setattr(  # noqa: B010 - for mypy a method is no variable
        DuckDBCredentials,
        "_connection_keys",
        lambda self: tuple(key for key in keys(self) if key not in ("path", "plugins")),
    )

"""Models of the user's own, `Playground/models/`: handed to dbt as a package beside ours.

dbt takes no model path outside of a project that could be read and compiled safely, and `dbt deps` would need a
network: so the files are copied into a package of their own, in the folder where dbt looks for installed ones.
"""

import re
import shutil
from pathlib import Path

from pipelines import files
from pipelines.errors import UserError
from pipelines.playground import Playground

PACKAGE = "own"
PROJECT_FILE = f"""name: {PACKAGE}
version: "1.0"
model-paths: [models]
models:
  {PACKAGE}:
    +materialized: table
"""
# What SQL calls a table without quotation marks; dbt makes one of the file's name.
NAME = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)
# `make sql` has a view of that name.
TAKEN = {"samples"}


def own_models(playground: Playground) -> list[Path]:
    """Return the SQL and YAML files of Playground/models/, sorted; those of hidden folders and editors are none.

    Raises:
        UserError: The folder is a link, or others can write into it: a model is code.
    """
    folder = playground.models
    if folder.is_symlink():
        raise UserError(f"{folder} is a link, which is not followed: put the folder itself in its place")
    if not folder.is_dir():
        return []
    if danger := files.others_can_write(folder):
        raise UserError(danger)
    return sorted(
        path
        for end in ("sql", "yml", "yaml")
        for path in folder.rglob(f"*.{end}")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def check_names(paths: list[Path], ours: set[str]) -> None:
    """Refuse names that dbt or the marts could not have; `ours` are those of our models.

    Raises:
        UserError: It names the file, and what to call it.
    """
    names: dict[str, Path] = {}
    for path in paths:
        if path.suffix != ".sql":
            continue
        name = path.stem.lower()
        if not NAME.fullmatch(name):
            raise UserError(
                f"{path} gives a table its name: call it by letters, digits and _, such as my_weeks.sql"
            )
        if name in ours | TAKEN:
            raise UserError(
                f"{path} has the name of a table of strava-marts: rename it, such as my_{name}.sql"
            )
        if name in names:
            raise UserError(f"{path} and {names[name]} would be one table: rename one of them")
        names[name] = path


def install(playground: Playground, ours: set[str]) -> Path:
    """Make the folder of dbt's packages anew, with the user's own models if there are any; returns it.

    Raises:
        UserError: A file cannot be a model, is a link, or the folder is not the user's alone.
    """
    packages = playground.dbt_dir / "packages"
    paths = own_models(playground)
    check_names(paths, ours)
    shutil.rmtree(packages, ignore_errors=True)
    if paths:
        package = packages / PACKAGE
        for path in paths:
            copy = package / "models" / path.relative_to(playground.models)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.write_private(copy, files.read_private(path), is_durable=False)
        files.write_private(package / "dbt_project.yml", PROJECT_FILE, is_durable=False)
    return packages


def named(playground: Playground, error: str) -> str:
    """Return a line of dbt's with the user's own file in it as it is called in the Playground."""

    def replaced(found: re.Match[str]) -> str:
        path = playground.models / found[1]
        return str(path) if path.exists() else found[0]

    return re.sub(r"\bmodels/([^\s()]+\.(?:sql|yml|yaml))", replaced, error)

"""`make docs`: dbt's documentation and lineage as one static page that may be passed on."""

import json
import os
import webbrowser
from pathlib import Path
from typing import Any

from jinja2.utils import htmlsafe_json_dumps

from pipelines.commands._dbt_run import run_dbt
from pipelines.commands._display import Steps
from pipelines.files import read_private, write_private
from pipelines.playground import Playground
from pipelines.settings import load_settings
from pipelines.warehouse.file import warehouse_turn
from pipelines.warehouse.published import missing

# Keys at any depth: how dbt was called and by whom; where files lie; SQL with the settings in it.
LEFT_OUT = {
    "args", "vars", "env", "user_id", "project_id", "invocation_id", "invocation_started_at", "run_started_at",
    "root_path", "build_path", "compiled_path", "compiled_code", "extra_ctes",
}  # fmt: skip


def main(playground: Playground, *, debug: bool = False) -> None:
    """Make the page and open it where there is a screen. Raises UserError before the first transform."""
    if not playground.marts.exists():
        raise missing(playground)
    settings = load_settings(playground)
    with Steps(is_quiet=debug) as steps, warehouse_turn(playground, steps.check_stop) as turn:
        run_dbt(playground, settings, "docs", "generate", steps=steps, inherited=(turn,), debug=debug)
        steps.begin("writing the page")
        text = static_page(playground.dbt_dir / "target")
    playground.docs.mkdir(mode=0o700, exist_ok=True)
    page = playground.docs / "index.html"
    write_private(page, text)
    print(f"The documentation is in {page}: open it in a browser.")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER"):
        webbrowser.open(page.absolute().as_uri())


def static_page(target: Path) -> str:
    """Return dbt's page with what it would load put in: the same as of `--static`, without what is not for others."""
    page = read_private(target / "index.html").decode()
    for name in ("manifest", "catalog"):
        content = json.loads(read_private(target / f"{name}.json"))
        # What a script element's end depends on is escaped, and so is all that is not ASCII.
        text = htmlsafe_json_dumps(without_the_machine(content))
        page = page.replace(f'"{name.upper()}.JSON INLINE DATA"', text)
    return page


def without_the_machine(content: Any) -> Any:
    """Return an artifact of dbt without settings, SQL in which they stand, and paths of this machine."""
    if isinstance(content, dict):
        return {key: without_the_machine(value) for key, value in content.items() if key not in LEFT_OUT}
    return [without_the_machine(item) for item in content] if isinstance(content, list) else content

"""`make docs`: dbt's documentation and lineage as one static page."""

import os
import webbrowser

from pipelines.commands.transform import dbt
from pipelines.files import read_private, write_private
from pipelines.playground import Playground
from pipelines.settings import load_settings
from pipelines.warehouse.file import warehouse_turn
from pipelines.warehouse.published import missing


def main(playground: Playground, *, debug: bool = False) -> None:
    """Make the page and open it where there is a screen. Raises UserError before the first transform."""
    if not playground.marts.exists():
        raise missing(playground)
    settings = load_settings(playground)
    with warehouse_turn(playground) as turn:
        dbt(playground, settings, "docs", "generate", "--static", inherited=(turn,), debug=debug)
    playground.docs.mkdir(mode=0o700, exist_ok=True)
    page = playground.docs / "index.html"
    write_private(page, read_private(playground.dbt_dir / "target" / "static_index.html"))
    print(f"The documentation is in {page}: open it in a browser.")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER"):
        webbrowser.open(page.absolute().as_uri())

"""`make report`: the settings and the published marts in, the page out, and a browser to look at it."""

import os
import webbrowser

import duckdb

from pipelines.commands._built_with import tell_changed_settings
from pipelines.commands._display import Steps
from pipelines.errors import UserError
from pipelines.playground import Playground
from pipelines.report import Privacy, write_report
from pipelines.settings import load_settings
from pipelines.warehouse.built import read_built
from pipelines.warehouse.published import open_published


def main(playground: Playground) -> None:
    """Write the report into the Playground, and open it where there is a screen.

    Raises:
        UserError: There are no published marts, or another version has built them.
    """
    settings = load_settings(playground)
    built = read_built(playground)
    note = tell_changed_settings(playground, built, settings)
    # Weeks begin as they did when the marts were built.
    week_start = built.settings["week_start"] if built else settings.marts.week_start
    with Steps() as steps, open_published(playground) as marts:
        steps.begin("drawing the page")
        try:
            write_report(
                marts,
                playground.report,
                settings.report.units,
                week_start,
                Privacy(settings.report.privacy_radius_m, playground.privacy_zones),
                notes=[note] if note else [],
                tell=lambda part: steps.draw(f"drawing the page: {part}"),
            )
        except (duckdb.BinderException, duckdb.CatalogException):
            raise UserError(
                f"the marts in {playground.marts} lack what the report draws, as another version has built them: "
                "type `make transform` first"
            ) from None
    size_mb = playground.report.stat().st_size / 1e6
    print(f"The report is in {playground.report} ({size_mb:.1f} MB): open it in a browser.")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER"):
        webbrowser.open(playground.report.absolute().as_uri())

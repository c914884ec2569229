"""The page as a whole: which sections it has, and the file that it becomes."""

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pipelines.files import write_private
from pipelines.report.calendar import calendar_section
from pipelines.report.marts import Marts, query
from pipelines.report.overview import overview
from pipelines.report.records import record_sections
from pipelines.report.section import Section
from pipelines.report.this_week import this_week_section
from pipelines.report.training_load import training_load_section
from pipelines.report.units import UNITS, Units
from pipelines.report.weekly_pace import weekly_pace_sections
from pipelines.report.weekly_volume import weekly_volume_section
from pipelines.report.year_to_date import year_to_date_section
from pipelines.templates import load_template

TEMPLATE = Path(__file__).with_name("page.html")
DRAW = Path(__file__).with_name("draw.js")


def write_report(marts: Marts, file: Path, units: str, week_start: str) -> None:
    """Write the page of the published marts, for the user alone; a page of before is replaced as a whole.

    `marts` names each mart without a schema; `units` and `week_start` are those of config.toml.
    """
    write_private(file, render_page(marts, UNITS[units], week_start))


def render_page(marts: Marts, units: Units, week_start: str) -> str:
    """The page as HTML; without an activity it says what to type."""
    has_activity = bool(query(marts, "select 1 as one from activities limit 1"))
    return load_template(TEMPLATE).render(
        overview=overview(marts, units) if has_activity else None,
        sections=_sections(marts, units, week_start) if has_activity else [],
        scripts=_scripts() if has_activity else [],
        made_on=f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M}",
    )


def _sections(marts: Marts, units: Units, week_start: str) -> list[Section]:
    return [
        this_week_section(marts, units),
        weekly_volume_section(marts, units),
        *weekly_pace_sections(marts, units),
        training_load_section(marts),
        year_to_date_section(marts, units),
        *record_sections(marts, units),
        calendar_section(marts, units, week_start),
    ]


@dataclass(frozen=True)
class Script:
    """JavaScript for the inside of a script element."""

    source: Markup

    @property
    def permission(self) -> Markup:
        """What the page's policy says to let this script run, and no other: its hash."""
        digest = hashlib.sha256(self.source.encode()).digest()
        return Markup(f"'sha256-{base64.b64encode(digest).decode()}'")  # noqa: S704


def _scripts() -> list[Script]:
    """The library that defines `vegaEmbed`, and what draws the charts with it."""
    import vl_convert

    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return [Script(inline_script(source)) for source in (library, DRAW.read_text(encoding="utf-8"))]


def inline_script(source: str) -> Markup:
    """JavaScript without what a script element's end depends on; its texts and patterns mean the same as before."""
    return Markup(re.sub(r"<(?=!--|/?script)", r"\\x3C", source, flags=re.IGNORECASE))  # noqa: S704

"""The page as a whole: which sections it has, and the file that it becomes."""

import datetime as dt
import re
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
        library=_chart_library() if has_activity else "",
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


def _chart_library() -> Markup:
    """JavaScript that defines `vegaEmbed`, for the inside of a script element."""
    import vl_convert

    return inline_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def inline_script(source: str) -> Markup:
    """JavaScript without what a script element's end depends on; its texts and patterns mean the same as before."""
    return Markup(re.sub(r"<(?=!--|/?script)", r"\\x3C", source, flags=re.IGNORECASE))  # noqa: S704

"""The page as a whole: which sections it has, and the file that it becomes."""

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pipelines.files import write_private
from pipelines.report.agreement import agreement_sections
from pipelines.report.calendar import calendar_section
from pipelines.report.climbs import climb_sections
from pipelines.report.critical import critical_sections
from pipelines.report.durability import durability_sections
from pipelines.report.explorer import explorer_sections
from pipelines.report.gear import gear_sections
from pipelines.report.intervals import interval_sections
from pipelines.report.latest import latest_section
from pipelines.report.library import drawing_library
from pipelines.report.map import map_sections
from pipelines.report.marts import Marts, query
from pipelines.report.overview import overview_section
from pipelines.report.page_filter import page_filter
from pipelines.report.power_curve import power_curve_sections
from pipelines.report.predictions import prediction_sections
from pipelines.report.records import record_sections
from pipelines.report.routes import route_sections
from pipelines.report.section import Section
from pipelines.report.settings import settings_sections
from pipelines.report.this_week import this_week_section
from pipelines.report.training_load import training_load_section
from pipelines.report.units import UNITS, Units
from pipelines.report.weekly_pace import weekly_pace_sections
from pipelines.report.weekly_volume import weekly_volume_section
from pipelines.report.year_to_date import year_to_date_section
from pipelines.report.zone_file import Privacy
from pipelines.report.zones import zone_sections
from pipelines.templates import load_template

TEMPLATE = Path(__file__).with_name("page.html")
SCRIPTS = [Path(__file__).with_name(name) for name in ("places.js", "map.js", "draw.js")]


def write_report(
    marts: Marts,
    file: Path,
    units: str,
    week_start: str,
    privacy: Privacy,
    notes: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the page of the published marts, for the user alone; a page of before is replaced as a whole.

    `marts` names each mart without a schema; `units` and `week_start` are those of config.toml, `privacy` says what the page's map leaves out. The `notes` stand in
    the page's head; `tell` is called with the title of each part before it is made.
    """
    write_private(file, render_page(marts, UNITS[units], week_start, privacy, notes, tell))


def render_page(
    marts: Marts,
    units: Units,
    week_start: str,
    privacy: Privacy,
    notes: Sequence[str],
    tell: Callable[[str], None],
) -> str:
    """The page as HTML; without an activity it says what to type."""
    has_activity = bool(query(marts, "select 1 as one from activities limit 1"))
    sections = _sections(marts, units, week_start, privacy, tell) if has_activity else []
    tell("the page")
    return load_template(TEMPLATE).render(
        filter=page_filter(marts) if has_activity else None,
        notes=notes,
        sections=sections,
        scripts=_scripts() if has_activity else [],
        made_on=f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M}",
    )


def _sections(
    marts: Marts, units: Units, week_start: str, privacy: Privacy, tell: Callable[[str], None]
) -> list[Section]:
    """The sections that have data, from top to bottom; each part is told of by its title before it is made."""
    parts: list[tuple[str, Callable[[], Section | list[Section]]]] = [
        ("Overview", lambda: overview_section(marts, units)),
        ("This week", lambda: this_week_section(marts, units)),
        ("Volume", lambda: weekly_volume_section(marts, units)),
        ("Fitness, fatigue, form", lambda: training_load_section(marts)),
        ("Latest activities", lambda: latest_section(marts, units)),
        ("Sessions", lambda: interval_sections(marts, units)),
        ("Pace and speed", lambda: weekly_pace_sections(marts, units)),
        ("Time in zones", lambda: zone_sections(marts)),
        ("Records", lambda: record_sections(marts, units)),
        ("Race predictions", lambda: prediction_sections(marts, units)),
        ("Power curve", lambda: power_curve_sections(marts)),
        ("Critical power and speed", lambda: critical_sections(marts, units)),
        ("Durability", lambda: durability_sections(marts, units)),
        ("Year to date", lambda: year_to_date_section(marts, units)),
        ("Calendar of days", lambda: calendar_section(marts, units, week_start)),
        ("Map", lambda: map_sections(marts, units, privacy)),
        ("Explorer", lambda: explorer_sections(marts)),
        ("Routes", lambda: route_sections(marts, units)),
        ("Climbs", lambda: climb_sections(marts, units)),
        ("Gear", lambda: gear_sections(marts, units)),
        ("Settings", lambda: settings_sections(marts, units)),
        ("Agreement with Strava", lambda: agreement_sections(marts)),
    ]
    sections: list[Section] = []
    for title, make in parts:
        tell(title)
        made = make()
        sections.extend(made if isinstance(made, list) else [made])
    return sections


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
    """The library that defines `vegaEmbed`, and what draws the map, and the charts with it."""
    sources = [drawing_library(), *(file.read_text(encoding="utf-8") for file in SCRIPTS)]
    return [Script(inline_script(source)) for source in sources]


def inline_script(source: str) -> Markup:
    """JavaScript without what a script element's end depends on; its texts and patterns mean the same as before."""
    return Markup(re.sub(r"<(?=!--|/?script)", r"\\x3C", source, flags=re.IGNORECASE))  # noqa: S704

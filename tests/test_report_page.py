"""The report's page and its texts, without a browser."""

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from markupsafe import escape

from pipelines.commands._authorize_page import Page, render
from pipelines.report.page import TEMPLATE, inline_script
from pipelines.report.section import Figure, Fold, Link, Section, Table, Tile
from pipelines.report.units import UNITS, clock, effort_name, hours, pace_unit
from pipelines.templates import load_template

EVIL = "<!--<script>&\"'</script>\u2028\u2029"


def report_page(*sections: Section) -> str:
    """The page of these sections, without the library that draws them."""
    return load_template(TEMPLATE).render(
        filter=None, notes=[EVIL], sections=sections, scripts=[], made_on="today"
    )


def test_every_text_of_a_section_is_escaped() -> None:
    table = Table([EVIL], [[EVIL], [Link(EVIL, EVIL)]])
    specification = {"title": EVIL}
    page = report_page(
        Section(
            EVIL,
            EVIL,
            EVIL,
            tiles=[Tile(EVIL, EVIL)],
            highlights=table,
            highlights_title=EVIL,
            figures=[Figure(EVIL, specification, title=EVIL, table=table, group=EVIL)],
            table=table,
            folds=[Fold(EVIL, table)],
        )
    )
    assert "<!--" not in page
    assert re.findall("<script[^>]*", page) == [f'<script type="application/json" id="{escape(EVIL)}-0"']
    assert page.count("</script") == 1


def test_a_specification_comes_through_its_script_element() -> None:
    specification: dict[str, Any] = {"values": [EVIL, 1.5, None, "ä"]}
    page = report_page(Section("key", "Title", "Caption", figures=[Figure("what", specification)]))
    [text] = re.findall('(?s)id="key-0">(.*?)</script>', page)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == specification


def test_a_library_cannot_end_or_hide_its_script_element() -> None:
    source = "a = '</script>' + '</SCRIPT >' + '<!--' + '<script>'; b = 1 < 2; c = '</b>'"
    assert inline_script(source) == (
        r"a = '\x3C/script>' + '\x3C/SCRIPT >' + '\x3C!--' + '\x3Cscript>'; b = 1 < 2; c = '</b>'"
    )


def test_a_template_without_a_value_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ text }}{{ absent }}")
    template = load_template(tmp_path / "page.html")
    assert template.render(text="<b>", absent="") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError, match="absent"):
        template.render(text="")


def test_the_authorize_page_escapes_its_texts() -> None:
    page = render(Page(400, EVIL, [EVIL, "plain"], 'https://example.org/?a=1&b="2"'))
    assert "<script" not in page
    assert "<!--" not in page
    assert "<p>plain</p>" in page
    assert 'href="https://example.org/?a=1&amp;b=&#34;2&#34;"' in page
    assert "Try again" not in render(Page(200, "It worked", []))


def test_times_and_distances_are_written_as_people_write_them() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 3599.4, 3600, 36061)] == [
        "0:00",
        "1:00",
        "59:59",
        "1:00:00",
        "10:01:01",
    ]
    assert [hours(seconds) for seconds in (0, 29, 3570, 360_000)] == [
        "0:00 h",
        "0:00 h",
        "1:00 h",
        "100:00 h",
    ]
    assert [effort_name(m) for m in (400.0, 1609.344, 5000.0, 21097.5)] == [
        "400 m",
        "1 mile",
        "5 km",
        "half marathon",
    ]


@pytest.mark.parametrize(
    ("group", "units", "name", "text"),
    [
        ("foot", "metric", "min per km", "5:00"),
        ("foot", "imperial", "min per mi", "8:03"),
        ("ride", "metric", "km/h", "12.0"),
        ("ride", "imperial", "mph", "7.5"),
        ("swim", "metric", "min per 100 m", "0:30"),
        ("swim", "imperial", "min per 100 yd", "0:27"),
    ],
)
def test_each_sport_group_reads_its_own_pace(group: str, units: str, name: str, text: str) -> None:
    unit = pace_unit(group, UNITS[units])
    assert (unit.name, unit.text(300), unit.text(None)) == (name, text, "")

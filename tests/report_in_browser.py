"""The report in a real browser: opened, looked at, pointed at."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def opened(chromium: Any, file: Path, **options: Any) -> Iterator[Any]:
    """The report in a page of its own; fails on any console message and on any request but the file's own."""
    context = chromium.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.absolute().as_uri())
    page.wait_for_selector("body[data-drawn]", timeout=20_000)
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.absolute().as_uri()]
    context.close()


def wait_until(page: Any, expression: str) -> None:
    """Until JavaScript is true. Playwright's own waiting asks the page by eval, which its policy forbids."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def marks(page: Any) -> dict[str, int]:
    """How many marks each chart has, without axes, legends, grids and the cells that the pointer meets."""
    found: dict[str, int] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.chart')].map(chart => [chart.dataset.spec,
            [...chart.querySelectorAll('[class*="role-mark"] path')].filter(p =>
                p.getAttribute('d') && p.getAttribute('fill') !== 'transparent').length]))"""
    )
    return found


def hovered(page: Any, spec: str, across: float, down: float = 0.4) -> str:
    """What the tooltip says over a place in a chart, in parts of its width and height."""
    chart = page.locator(f"[data-spec={spec}]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    for step in (3, 0):  # a pointer comes from somewhere
        page.mouse.move(box["x"] + box["width"] * across + step, box["y"] + box["height"] * down)
    page.wait_for_selector("#vg-tooltip-element.visible")
    text: str = page.inner_text("#vg-tooltip-element")
    return text


def cells(page: Any, section: str) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(
        "id => [...document.querySelectorAll(`#${id} details tbody tr`)].map(r => [...r.cells].map(c => c.textContent))",
        section,
    )
    return found

"""What the browser shows at the end of `make authorize`."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.templates import load_template

TEMPLATE = load_template(Path(__file__).with_suffix(".html"))


@dataclass(frozen=True)
class Page:
    """The answer to the browser's request; `again` is the address of another attempt."""

    status: int
    title: str
    paragraphs: list[str]
    again: str | None = None


def render(page: Page) -> str:
    """A page that needs nothing else; every text is escaped."""
    return TEMPLATE.render(title=page.title, paragraphs=page.paragraphs, again=page.again)

"""What a section consists of; page.html says how each part looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.report.units import UNNAMED


class Tile(NamedTuple):
    """A figure in large letters, and what it means."""

    figure: str
    meaning: str


class Link(NamedTuple):
    """A cell of a table that leads somewhere."""

    url: str
    text: str


def activity_link(activity_id: int, name: str | None) -> Link | str:
    """Return a link to the activity; a mere recording has no page on Strava."""
    text = name or UNNAMED
    return text if activity_id < 0 else Link(f"https://www.strava.com/activities/{activity_id}", text)


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart; the first columns hold words, the others numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Link]]
    text_columns: int = 1


class Fold(NamedTuple):
    """A table that opens by a click on its title."""

    title: str
    table: Table


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite specification with its data, and what it shows, for those who cannot see it.

    A section of several figures gives each a title and a table of its own. One of a single sport group is hidden when
    the page shows another group.
    """

    description: str
    specification: dict[str, Any]
    title: str = ""
    table: Table | None = None
    group: str | None = None


@dataclass(frozen=True)
class TrackMap:
    """What map.js draws, and what it shows, for those who cannot see it."""

    description: str
    tracks: dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of the page, from top to bottom; `key` is its id in the address."""

    key: str
    title: str
    caption: str
    tiles: Sequence[Tile] = ()
    highlights: Table | None = None
    highlights_title: str = ""
    figures: Sequence[Figure | TrackMap] = ()
    table: Table | None = None
    folds: Sequence[Fold] = ()

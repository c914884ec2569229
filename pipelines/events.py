"""What a source says of a history while it reads it.

A source is a generator of these events and knows no destination. `make extract` loads them as they come, in
commits of seconds; under dlt's own pipeline they become the rows of resources.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Rows:
    """Rows by table; they replace those with the same key, and are loaded together."""

    tables: "Mapping[str, pa.Table]"

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return sum(rows.nbytes for rows in self.tables.values())


@dataclass(frozen=True)
class Deleted:
    """These activities no longer exist on Strava."""

    activity_ids: Sequence[int]
    at: dt.datetime


@dataclass(frozen=True)
class SamplesGone:
    """This activity had samples and has none any more."""

    activity_id: int


@dataclass(frozen=True)
class Superseded:
    """These activities have come in under other ids now: they leave every raw table."""

    activity_ids: Sequence[int]


@dataclass(frozen=True)
class ListingBegun:
    """The list of activities is being read, as a whole or from the look-back window on."""

    is_full: bool


@dataclass(frozen=True)
class Listed:
    """A page of the list brought so many new, changed and restored activities; `known_count` are known now."""

    changes: Mapping[str, int]
    known_count: int


@dataclass(frozen=True)
class DeletionsRefused:
    """So many activities are no longer listed, and the reason why that was not believed."""

    count: int
    reason: str


@dataclass(frozen=True)
class StreamsPending:
    """So many activities' streams are going to be asked for."""

    count: int


@dataclass(frozen=True)
class StreamsSettled:
    """One activity's streams were asked for: loaded, none or failed; of a file, too, unchanged."""

    status: str


@dataclass(frozen=True)
class Note:
    """What the user should know at the end, in one line."""

    text: str


# What is done to rows that stand already, after all rows that came before it.
Change = Deleted | SamplesGone | Superseded
Event = Rows | Change | ListingBegun | Listed | DeletionsRefused | StreamsPending | StreamsSettled | Note

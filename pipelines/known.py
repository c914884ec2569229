"""What a warehouse holds of a history, as a source needs it to decide what to ask for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.kinds import Kind

# Distance, moving time and elapsed time: streams are asked for again when one of them has changed.
Measures = tuple[float | None, int | None, int | None]


@dataclass(frozen=True)
class Archived:
    """Which archive a row came from, and how new that is."""

    name: str | None
    modified_at: dt.datetime | None
    file_name: str | None


@dataclass(frozen=True)
class Activity:
    """What is remembered of an activity: enough to see that it has changed."""

    id: int
    start_date: dt.datetime | None
    distance: float | None
    moving_time: int | None
    elapsed_time: int | None
    manual: bool | None
    content_hash: int | None
    is_deleted: bool = False
    local_date: dt.date | None = None
    # None: it was listed by the API.
    archived: Archived | None = None
    local_time_source: str | None = None
    timezone: str | None = None
    utc_offset_s: float | None = None

    @property
    def measures(self) -> Measures:
        """Distance, moving time and elapsed time."""
        return self.distance, self.moving_time, self.elapsed_time


@dataclass(frozen=True)
class Fetch:
    """A row of the ledger `stream_fetches`."""

    status: str
    sample_count: int
    attempt_count: int
    next_attempt_at: dt.datetime | None
    measures: Measures
    error: str | None = None
    # None: the API was asked.
    archived: Archived | None = None
    file_fingerprint: int | None = None
    file_content: int | None = None
    # None: an older version has asked, or an archive gave them.
    stream_types: frozenset[str] | None = None

    def lacks(self, types: Sequence[str]) -> bool:
        """Tell whether one of these types was never asked for."""
        return self.stream_types is not None and not self.stream_types.issuperset(types)


@dataclass(frozen=True)
class Listing:
    """A row of `listings`: a listing that was read to its end."""

    started_at: dt.datetime
    scope: str | None
    start_date: str | None


@dataclass
class Known:
    """What was loaded before this run; empty before the first."""

    activities: dict[int, Activity] = field(default_factory=dict)
    fetches: dict[int, Fetch] = field(default_factory=dict)
    last_full: Listing | None = None
    athlete_refreshed_at: dt.datetime | None = None
    athlete_ids: frozenset[int] = frozenset()
    gear_count: int = 0
    # Of fields of a summary that tables.py does not name, by column.
    extra_types: dict[str, Kind] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()

"""What a run has done so far, counted from its events."""

from dataclasses import dataclass, field

from pipelines.events import (
    Deleted,
    DeletionsRefused,
    Event,
    Listed,
    ListingBegun,
    Note,
    StreamsPending,
    StreamsSettled,
)

RECORDED = (
    "listing",
    "new",
    "changed",
    "deleted",
    "restored",
    "streams_loaded",
    "streams_none",
    "streams_failed",
    "pending",
)


@dataclass
class Tally:
    """Read by the progress display, and written to runs.jsonl."""

    listing: str = "none"  # of which nothing has come yet, as at a full quota, is none
    listing_begun: str = "none"
    new: int = 0
    changed: int = 0
    deleted: int = 0
    restored: int = 0
    known_count: int = 0  # activities, while they are being listed
    to_settle: int = 0  # activities whose streams were missing when the listing had ended
    pending: int | None = None  # of those, what is still to come; `None` while listing
    streams_loaded: int = 0
    streams_none: int = 0
    streams_failed: int = 0
    streams_unchanged: int = 0
    deletions_refused: int = 0
    waiting_until: float | None = None  # epoch seconds
    notes: list[str] = field(default_factory=list)

    def count(self, event: Event) -> None:
        """Take an event in; what has no number here is passed over."""
        match event:
            case ListingBegun(is_full):
                self.listing_begun = "full" if is_full else "look-back"
            case Listed(changes, known_count):
                self.listing = self.listing_begun
                for change, number in changes.items():
                    setattr(self, change, getattr(self, change) + number)
                self.known_count = known_count
            case Deleted(ids):
                self.deleted = len(ids)
            case DeletionsRefused(number, reason):
                self.deletions_refused = number
                self.notes.append(reason)
            case StreamsPending(number):
                self.listing = self.listing_begun
                self.pending = self.to_settle = number
            case StreamsSettled(status):
                setattr(self, f"streams_{status}", getattr(self, f"streams_{status}") + 1)
                self.pending = (self.pending or 0) - 1
            case Note(text):
                self.notes.append(text)
            case _:
                pass

    @property
    def settled(self) -> int:
        """How many activities' streams this run has asked for."""
        return self.streams_loaded + self.streams_none + self.streams_failed + self.streams_unchanged

    @property
    def has_news(self) -> bool:
        """Whether anything came in."""
        return bool(self.new + self.changed + self.streams_loaded)

    @property
    def is_complete(self) -> bool:
        """Whether nothing failed or was refused."""
        return not (self.streams_failed or self.deletions_refused)

    def recorded(self) -> dict[str, int | str | None]:
        """Return the counts that runs.jsonl keeps."""
        return {name: getattr(self, name) for name in RECORDED}

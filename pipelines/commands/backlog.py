"""What the downloading thread hands to the loading one."""

import queue
from dataclasses import dataclass
from typing import Any

# What may wait while a load is at work: enough that the download goes on.
BACKLOG_BYTES = 32 * 2**20


@dataclass
class Load:
    """Rows for tables, loaded together."""

    tables: dict[str, Any]  # of pa.Table

    @property
    def nbytes(self) -> int:
        return sum(rows.nbytes for rows in self.tables.values())


@dataclass
class Change:
    """A statement of our own, done after all rows that came before it."""

    statement: str
    values: tuple[Any, ...]


@dataclass
class End:
    """The download is over; `error` tells why if it ended early."""

    error: BaseException | None


class Backlog(queue.Queue[Load | Change | End]):
    """Full by the bytes of its tables, not by their number."""

    def __init__(self) -> None:
        super().__init__(BACKLOG_BYTES)

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: Load | Change | End) -> None:
        super()._put(item)
        self._bytes += _weight(item)

    def _get(self) -> Load | Change | End:
        item = super()._get()
        self._bytes -= _weight(item)
        return item


def _weight(item: Load | Change | End) -> int:
    return 1 + (item.nbytes if isinstance(item, Load) else 0)

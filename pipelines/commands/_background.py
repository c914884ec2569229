"""An iterator that is drawn from in a thread, ahead of whoever takes its items."""

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class Background(Generic[T]):
    """Draws items in a thread of its own; so many bytes of them may wait to be taken."""

    def __init__(self, items: Iterable[T], weigh: Callable[[T], int], capacity_bytes: int) -> None:
        self._items, self._weigh, self._capacity = items, weigh, capacity_bytes
        self._waiting: queue.SimpleQueue[tuple[T | _End, int]] = queue.SimpleQueue()
        self._bytes = 0
        self._room = threading.Condition()
        self._is_stopping = threading.Event()
        self.is_over = False
        # A daemon: a request that hangs must not hold up Ctrl-C.
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def stop(self) -> None:
        """Draw no further item; the one that is being made still comes."""
        self._is_stopping.set()
        with self._room:
            self._room.notify()

    @property
    def is_at_work(self) -> bool:
        """Tell whether the thread is still drawing."""
        return self._thread.is_alive()

    def take(self, timeout_s: float) -> T | None:
        """Return the next item; `None` when none came in time, or when `is_over` has become true.

        Raises whatever the iterator has raised, after all items before that.
        """
        try:
            item, weight = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None
        with self._room:
            self._bytes -= weight
            self._room.notify()
        if not isinstance(item, _End):
            return item
        self.is_over = True
        if item.error is not None:
            raise item.error
        return None

    def _draw(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                self._put(item, self._weigh(item))
                if self._is_stopping.is_set():
                    break
        except BaseException as caught:
            error = caught
        self._waiting.put((_End(error), 0))

    def _put(self, item: T, weight: int) -> None:
        with self._room:
            self._room.wait_for(lambda: self._bytes < self._capacity or self._is_stopping.is_set())
            self._bytes += weight
        self._waiting.put((item, weight))

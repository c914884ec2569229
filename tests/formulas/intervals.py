"""Work and rest, found in the stream."""

import itertools
import statistics
from dataclasses import dataclass

import numpy as np

from tests.formulas.activity import Recorded
from tests.formulas.recording import Shares
from tests.formulas.seconds import Run, column_runs, pace_runs, power_runs
from tests.formulas.sports import Row

HALF_WINDOW_S = 7
LEAST_CONTRAST = 0.15
SHORTEST_S = 20
FEWEST_WORK_PIECES = 3


@dataclass
class Piece:
    """Consecutive seconds of one kind."""

    is_work: bool
    first_s: int
    seconds: int


def intervals(recorded: Recorded) -> list[Row]:
    """In order; none of a steady activity."""
    pieces = found_pieces(effort_of(recorded))
    columns = _Columns(recorded)
    return [
        {
            "interval_kind": "work" if piece.is_work else "rest",
            "start_time_s": piece.first_s - 1,
            "duration_s": piece.seconds,
            **columns.of(piece.first_s - 1, piece.first_s - 1 + piece.seconds),
        }
        for piece in pieces
    ]


def effort_of(recorded: Recorded) -> list[Run]:
    if recorded.group == "foot":
        return pace_runs(recorded)
    return power_runs(recorded) if recorded.power_counts else column_runs(recorded, "velocity_smooth")


def found_pieces(effort: list[Run]) -> list[Piece]:
    smooth = [(first, smoothed(values)) for first, values in effort]
    threshold = threshold_of([value for _, values in smooth for value in values])
    if threshold is None:
        return []
    out = [
        piece
        for first, values in smooth
        for piece in merged(pieces_of(first, [value > threshold for value in values]))
    ]
    return out if sum(piece.is_work for piece in out) >= FEWEST_WORK_PIECES else []


def smoothed(values: list[float]) -> list[float]:
    """Mean over the 15 s around each, within the run. Digits that no sensor has are noise of summing."""
    return [
        round(statistics.fmean(values[max(i - HALF_WINDOW_S, 0) : i + HALF_WINDOW_S + 1]), 9)
        for i in range(len(values))
    ]


def threshold_of(values: list[float]) -> float | None:
    """The highest value of rest by Otsu's method; None where work and rest are too much alike."""
    its = sorted(values)
    sums = [0.0, *itertools.accumulate(its)]
    # (score, highest value of rest, mean of work less that of rest), from the lowest value up
    splits: list[tuple[float, float, float]] = []
    for n0 in range(1, len(its)):
        if its[n0 - 1] < its[n0]:
            n1 = len(its) - n0
            contrast = (sums[-1] - sums[n0]) / n1 - sums[n0] / n0
            splits.append((n0 * n1 * contrast**2, its[n0 - 1], contrast))
    best = max((score for score, _, _ in splits), default=0.0)
    for score, value, contrast in splits:
        if score >= best * (1 - 1e-9):
            return value if contrast >= LEAST_CONTRAST * statistics.fmean(its) else None
    return None


def pieces_of(first: int, kinds: list[bool]) -> list[Piece]:
    out: list[Piece] = []
    for second, kind in enumerate(kinds, start=first):
        if not out or out[-1].is_work != kind:
            out.append(Piece(kind, second, 0))
        out[-1].seconds += 1
    return out


def merged(pieces: list[Piece]) -> list[Piece]:
    """Short pieces of one run become what is beside them: one at a time, the shortest first, then the earliest."""
    while len(pieces) > 1:
        short = min(pieces, key=lambda piece: (piece.seconds, piece.first_s))
        if short.seconds >= SHORTEST_S:
            break
        at = pieces.index(short)
        # Kinds alternate, so both neighbours are of the kind that it takes.
        joined = pieces[max(at - 1, 0) : at + 2]
        one = Piece(not short.is_work, joined[0].first_s, sum(piece.seconds for piece in joined))
        pieces = [*pieces[: max(at - 1, 0)], one, *pieces[at + 2 :]]
    return pieces


class _Columns:
    """What the samples say of a stretch of time."""

    def __init__(self, recorded: Recorded) -> None:
        recording = recorded.recording
        kept = recording.kept(distance=recording.distance) if recorded.has_distance else []
        self._curve = [recording.time[i] for i in kept], [recording.held[i] or 0.0 for i in kept]
        self._beats = Shares(recording.counted(v=recording.column("heartrate")))
        self._power = Shares(recording.counted(v=recording.column("watts")) if recorded.has_power else [])

    def of(self, begin: int, end: int) -> Row:
        metres = None
        if self._curve[0]:
            metres = float(np.interp(end, *self._curve) - np.interp(begin, *self._curve))
        return {
            "distance_m": metres,
            "pace_s_per_km": (end - begin) / metres * 1000 if metres else None,
            "average_power_w": self._power.mean(begin, end),
            "average_heartrate_bpm": self._beats.mean(begin, end),
        }

"""Best efforts over the standard distances, their ranks and records."""

import datetime as dt
import itertools
import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tests.formulas.activity import Recorded
from tests.formulas.recording import Recording, Shares
from tests.formulas.sports import CAR_M_PER_S, EFFORTS, Row, group_of

CAR_STRETCH_S = 30
# Distances this near are one: metres are sums of binary fractions.
SAME_M = 1e-9

Floats = npt.NDArray[np.float64]
# (activity, metres) -> columns
Efforts = dict[tuple[int, float], Row]


def best_efforts(recorded: Recorded, records_s: Mapping[float, float]) -> dict[float, Row]:
    """By distance. `records_s` are the world's of foot sports, which nobody beats."""
    if recorded.group not in EFFORTS or not recorded.has_distance:
        return {}
    beats = Shares(recorded.recording.counted(v=recorded.recording.column("heartrate")))
    pieces = _pieces(recorded.recording, recorded.group)
    out: dict[float, Row] = {}
    for metres, label in EFFORTS[recorded.group].items():
        found = [effort for times, ways in pieces if (effort := fastest(times, ways, metres))]
        if not found:
            continue
        elapsed, begin = min(found)
        if recorded.group == "foot" and elapsed < records_s.get(metres, 0):
            continue
        out[float(metres)] = {
            "sport_type": recorded.row["sport_type"],
            "effort_label": label,
            "elapsed_time_s": elapsed,
            "start_time_s": begin,
            "pace_s_per_km": elapsed / metres * 1000,
            "average_heartrate_bpm": beats.mean(begin, begin + elapsed),
        }
    return out


def _pieces(recording: Recording, group: str) -> list[tuple[Floats, Floats]]:
    """The curve of (s, m), cut at jumps and at what a car did."""
    kept = recording.kept(distance=recording.distance)
    times = np.array([recording.time[i] for i in kept], dtype=float)
    ways = np.array([recording.distance[i] for i in kept], dtype=float)
    # The interval that ends at a sample belongs to no effort.
    is_cut = [i in recording.jumps for i in kept]
    if group in CAR_M_PER_S:
        ends = np.searchsorted(times, times + CAR_STRETCH_S)
        for i, j in enumerate(ends):
            if j < len(kept) and (ways[j] - ways[i]) / (times[j] - times[i]) > CAR_M_PER_S[group]:
                is_cut[i + 1 : j + 1] = [True] * (j - i)
    begins = [i for i in range(len(kept)) if i == 0 or is_cut[i]]
    return [(times[a:b], ways[a:b]) for a, b in itertools.pairwise([*begins, len(kept)])]


def fastest(times: Floats, ways: Floats, metres: float) -> tuple[float, float] | None:
    """(seconds, start) of the fastest stretch of exactly `metres` in a curve; of equal ones the earliest.

    The optimum has a sample at one of its ends. It starts at the last instant at its first metre and ends at the
    first instant at its last.
    """
    if ways[-1] - ways[0] < metres - SAME_M:
        return None
    from_sample = ways[ways + metres <= ways[-1] + SAME_M]
    to_sample = ways[ways - metres >= ways[0] - SAME_M]
    starts = _instants(times, ways, np.concatenate([from_sample, to_sample - metres]), "last")
    ends = _instants(times, ways, np.concatenate([from_sample + metres, to_sample]), "first")
    return min((round(float(end - start), 9), float(start)) for start, end in zip(starts, ends, strict=True))


def _instants(times: Floats, ways: Floats, at: Floats, which: str) -> Floats:
    """The first or last instant at each distance."""
    if which == "first":
        after = np.searchsorted(ways, at - SAME_M, "left")  # the first sample there or beyond
        sample = after
    else:
        after = np.searchsorted(ways, at + SAME_M, "right")  # the first sample beyond
        sample = after - 1
    sample = np.clip(sample, 0, len(ways) - 1)
    after = np.clip(after, 1, len(ways) - 1)
    rise = ways[after] - ways[after - 1]
    share = (at - ways[after - 1]) / np.where(rise > 0, rise, 1)
    between = times[after - 1] + share * (times[after] - times[after - 1])
    found: Floats = np.where(np.abs(ways[sample] - at) <= SAME_M, times[sample], between)
    return found


def rank(efforts: Efforts, summaries: Mapping[int, Row]) -> None:
    """Add each effort's place of all time, and whether it was a record when it was set."""
    rivals: dict[tuple[str, float], list[tuple[dt.datetime, Row]]] = defaultdict(list)
    for (id_, metres), effort in efforts.items():
        row = summaries[id_]
        begin = dt.datetime.fromisoformat(row["start_date"]) + dt.timedelta(seconds=effort["start_time_s"])
        rivals[group_of(row["sport_type"]), metres].append((begin, effort))
    for its in rivals.values():
        by_time = sorted(its, key=lambda pair: (pair[1]["elapsed_time_s"], pair[0]))
        for place, (_, effort) in enumerate(by_time, start=1):
            effort["rank_all_time"] = place
        record = math.inf
        for _, effort in sorted(its, key=lambda pair: pair[0]):
            effort["is_personal_record"] = effort["elapsed_time_s"] < record - 1e-9
            record = min(record, effort["elapsed_time_s"])

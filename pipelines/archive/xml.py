"""GPX and TCX -> Recording.

Formats: GPX 1.0 and 1.1 (topografix.com/GPX/1/1), Garmin's TrainingCenterDatabase v2, and the extensions
TrackPointExtension v1 and v2, ActivityExtension v2, Cluetrust's gpxdata and whatever else spells a channel alike:
names count, their namespaces do not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from pipelines.archive.recording import Floats, Recording, Session, UnreadableError
from pipelines.archive.xml_points import Document, Points, epoch, local_name, number, short

# Between two tracks or laps of a device whose timer runs on there is no more than this.
RUNNING_GAP_S = 1.0
LAP_COUNT = 10_000  # more than that in a file is no exercise
# What is taken from a lap: the names of its elements, in lower case, at whatever depth.
LAP_VALUES = frozenset(
    {
        "totaltimeseconds", "distancemeters", "calories", "maximumspeed", "averageheartratebpm",
        "maximumheartratebpm", "cadence", "avgruncadence", "avgwatts", "maxwatts",
    }
)  # fmt: skip


def read_xml(content: bytes) -> Recording:
    """Return what a TCX or GPX file holds, told apart by what is in it and not by the name of the file."""
    return read_tcx(content) if b"<TrainingCenterDatabase" in content[:4096] else read_gpx(content)


def read_gpx(content: bytes) -> Recording:
    """Return the points of all tracks, with one session: the first track's name and type.

    A new segment is no pause: it begins as well where the reception was lost. Raises UnreadableError where no
    point has a time, as in a route.
    """
    document, points, route_count = Document(content), Points(), 0
    about: dict[str, str | None] = {}
    root = None
    for element, name in document.elements(("trk", "trkseg", "trkpt", "rtept", "wpt"), ("name", "type")):
        root = element.getroottree().getroot() if root is None else root
        if name == "trkpt":
            points.add(element)
        elif name == "rtept":
            route_count += 1
        elif name in ("name", "type") and local_name(element.getparent()) == "trk":
            about.setdefault(name, short(element.text))
    time, channels, _ = points.finished()
    if not len(time):
        raise _nothing_in(document, len(points) + route_count)
    if "distance" in channels and _falls(channels["distance"]):
        # Some devices write the length of each step: only what never falls is counted from the start.
        del channels["distance"]
    device_name = None if root is None else short(root.get("creator"))
    session = Session(float(time.min()), sport=about.get("type"), name=about.get("name"))
    return Recording(time, channels, (), (session,), None, device_name, document.fault)


def _falls(values: Floats) -> bool:
    return bool((np.diff(values[~np.isnan(values)]) < 0).any())


def _nothing_in(document: Document, point_count: int) -> UnreadableError:
    if point_count:
        return UnreadableError(f"none of its {point_count} points has a time: a route, not an activity")
    return UnreadableError(f"no activity in it{': ' if document.fault else ''}{document.fault or ''}")


@dataclass
class _Lap:
    start: float | None
    totals: dict[str, float] = field(default_factory=dict)
    # Of each track the number of points before it.
    tracks: list[int] = field(default_factory=list)

    def read(self, element: etree._Element) -> None:
        """Take over what the lap says of itself; its tracks are left alone."""
        for child in element:
            if local_name(child) == "track":
                continue
            for inner in child.iter():
                name = local_name(inner)
                if name == "value":
                    name = local_name(inner.getparent())
                if name in LAP_VALUES and (value := number(inner.text)) is not None:
                    self.totals.setdefault(name, value)


@dataclass
class _Activity:
    sport: str | None
    laps: list[_Lap] = field(default_factory=list)


class _Activities(list[_Activity]):
    """The activities of a file so far, and where in its tree the last of them is."""

    _activity: etree._Element | None = None
    _lap: etree._Element | None = None
    _lap_count = 0

    def lap_of(self, element: etree._Element | None) -> _Lap | None:
        """Return the lap that the element is, a new one with what it says before its tracks.

        `None` for the lap of a course. Raises UnreadableError when there are too many.
        """
        if element is None:
            return None
        activity = element if local_name(element) == "activity" else element.getparent()
        if activity is None or local_name(activity) != "activity":
            return None
        if activity is not self._activity:
            self._activity = activity
            self.append(_Activity(short(activity.get("Sport"))))
        if element is not self._lap:
            self._lap = element
            self._lap_count += 1
            if self._lap_count > LAP_COUNT:
                raise UnreadableError(f"more than {LAP_COUNT:,} laps")
            self[-1].laps.append(_Lap(epoch(element.get("StartTime"))))
            if element is not activity:
                self[-1].laps[-1].read(element)
        return self[-1].laps[-1]


def read_tcx(content: bytes) -> Recording:
    """Return the points of all activities, each of them a session: the sum of its laps.

    Raises UnreadableError where there is neither a lap nor a point with a time, as in a course or a workout.
    """
    document, points, course_count = Document(content), Points(), 0
    device_name, activities = None, _Activities()
    track: etree._Element | None = None
    lap: _Lap | None = None
    for element, name in document.elements(("Lap", "Track", "Trackpoint"), ("Name",)):
        parent = element.getparent()
        if name == "trackpoint" and parent is not None:
            if parent is not track:
                track, lap = parent, activities.lap_of(parent.getparent())
                if lap:
                    lap.tracks.append(len(points))
            if lap:
                points.add(element)
            else:
                course_count += 1
        elif name == "lap" and (ended := activities.lap_of(element)):
            ended.read(element)
        elif name == "name" and local_name(parent) == "creator":
            device_name = device_name or short(element.text)
    time, channels, has_time = points.finished()
    tracks = iter(_tracks_of(time, has_time, [lap for activity in activities for lap in activity.laps]))
    sessions, pauses = list[Session](), list[tuple[float, float]]()
    for activity in activities:
        own = list(islice(tracks, len(activity.laps)))
        pauses += _pauses(activity.laps, own)
        if session := _session(activity, own):
            sessions.append(session)
    if not len(time) and not sessions:
        if course_count:
            raise UnreadableError(f"a course of {course_count} points, not an activity")
        raise _nothing_in(document, len(points))
    return Recording(time, channels, pauses, sessions, None, device_name, document.fault)


@dataclass(frozen=True)
class _Track:
    """When the first and the last of its points were."""

    start: float
    end: float


def _tracks_of(time: Floats, has_time: NDArray[np.bool_], laps: Sequence[_Lap]) -> list[list[_Track]]:
    """Return of each lap the tracks that have a point with a time."""
    before = np.concatenate([[0], np.cumsum(has_time)])
    borders = pairwise([*(int(before[row]) for lap in laps for row in lap.tracks), len(time)])
    return [
        [
            _Track(float(time[a:b].min()), float(time[a:b].max()))
            for a, b in islice(borders, len(lap.tracks))
            if a < b
        ]
        for lap in laps
    ]


def _pauses(laps: Sequence[_Lap], tracks: Sequence[Sequence[_Track]]) -> Iterator[tuple[float, float]]:
    """Yield when the timer stood still: between two tracks of a lap, and at the end of a lap.

    A lap says how long its timer ran; what else passes until the next lap, as far as it is not between two of
    its tracks and no point lies there, was a pause before the next lap.
    """
    inner_s = []
    for own in tracks:
        gaps = [(a.end, b.start) for a, b in pairwise(own) if b.start - a.end > RUNNING_GAP_S]
        inner_s.append(sum(end - start for start, end in gaps))
        yield from gaps
    for index, (lap, after) in enumerate(pairwise(laps)):
        timer_s = lap.totals.get("totaltimeseconds")
        if lap.start is None or after.start is None or timer_s is None or not tracks[index]:
            continue
        stopped_s = after.start - lap.start - timer_s - inner_s[index]
        pause_s = min(stopped_s, after.start - tracks[index][-1].end)
        if pause_s > RUNNING_GAP_S:
            yield after.start - pause_s, after.start


def _session(activity: _Activity, tracks: Sequence[Sequence[_Track]]) -> Session | None:
    """Return the laps' sums, means by their time, and maxima; `None` for an activity without laps or a start."""
    all_tracks = [track for own in tracks for track in own]
    starts = [lap.start for lap in activity.laps if lap.start is not None] + [
        track.start for track in all_tracks
    ]
    if not activity.laps or not starts:
        return None
    ends = [
        lap.start + lap.totals.get("totaltimeseconds", 0) for lap in activity.laps if lap.start is not None
    ]
    start = min(starts)
    return Session(
        start,
        elapsed_s=max(ends + [track.end for track in all_tracks]) - start,
        timer_s=_sum(activity.laps, "totaltimeseconds"),
        distance_m=_sum(activity.laps, "distancemeters"),
        calories_kcal=_sum(activity.laps, "calories"),
        average_heartrate_bpm=_mean(activity.laps, "averageheartratebpm"),
        max_heartrate_bpm=_max(activity.laps, "maximumheartratebpm"),
        average_cadence_rpm=_mean(activity.laps, "cadence", "avgruncadence"),
        average_power_w=_mean(activity.laps, "avgwatts"),
        max_power_w=_max(activity.laps, "maxwatts"),
        max_speed_m_per_s=_max(activity.laps, "maximumspeed"),
        sport=activity.sport,
    )


def _sum(laps: Sequence[_Lap], name: str) -> float | None:
    values = [lap.totals[name] for lap in laps if name in lap.totals]
    return sum(values) if values else None


def _max(laps: Sequence[_Lap], name: str) -> float | None:
    return max((lap.totals[name] for lap in laps if name in lap.totals), default=None)


def _mean(laps: Sequence[_Lap], *names: str) -> float | None:
    weighted = [
        (lap.totals[name], lap.totals.get("totaltimeseconds", 0))
        for lap in laps
        for name in names
        if name in lap.totals
    ]
    total_s = sum(seconds for _, seconds in weighted)
    return sum(value * seconds for value, seconds in weighted) / total_s if total_s > 0 else None

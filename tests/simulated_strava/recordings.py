"""The file of an activity as a device or an app has recorded it: FIT, TCX or GPX, before Strava made anything of it.

It holds what the API serves of the activity but for what is Strava's own (`moving`, `grade_smooth`) and what the
format has no place for: TCX no temperature, GPX neither distance nor speed. A None is not there at all.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from tests import fit_files
from tests.simulated_strava.athlete import Activity
from tests.simulated_strava.streams import streams_of


class Sport(NamedTuple):
    """A sport's name in each format; FIT's is a pair of numbers."""

    fit: tuple[int, int]
    tcx: str = "Other"
    gpx: str = "other"


# By Strava's sport_type; indoors first, where the formats tell it apart.
INDOORS = {"Run": Sport((1, 1), "Running", "running"), "Swim": Sport((5, 17), gpx="swimming")}
SPORTS = {
    "Run": Sport((1, 0), "Running", "running"),
    "TrailRun": Sport((1, 3), "Running", "running"),
    "Ride": Sport((2, 0), "Biking", "cycling"),
    "VirtualRide": Sport((2, 58), "Biking", "cycling"),
    "Swim": Sport((5, 18), gpx="swimming"),
    "Hike": Sport((17, 0), gpx="hiking"),
    "AlpineSki": Sport((13, 0), gpx="alpine_skiing"),
    "BackcountrySki": Sport((13, 37), gpx="backcountry_skiing"),
    "WeightTraining": Sport((10, 20)),
    "Workout": Sport((10, 0)),
    "Padel": Sport((64, 85)),
}
CHANNELS = {  # of the API's streams, by the names that the writer of FIT files has for them
    "distance": "distance",
    "altitude": "altitude",
    "speed": "velocity_smooth",
    "heartrate": "heartrate",
    "cadence": "cadence",
    "watts": "watts",
    "temp": "temp",
}
# In the order of their schemas: how one sample's value is written, by the API's name of the stream.
Element = tuple[str, str]
GPX_SENSORS: tuple[Element, ...] = (
    ("temp", "<gpxtpx:atemp>%d</gpxtpx:atemp>"),
    ("heartrate", "<gpxtpx:hr>%d</gpxtpx:hr>"),
    ("cadence", "<gpxtpx:cad>%d</gpxtpx:cad>"),
)
TCX_VALUES: tuple[Element, ...] = (
    ("altitude", "<AltitudeMeters>%.1f</AltitudeMeters>"),
    ("distance", "<DistanceMeters>%.2f</DistanceMeters>"),
    ("heartrate", "<HeartRateBpm><Value>%d</Value></HeartRateBpm>"),
)
TCX_EXTENSIONS: tuple[Element, ...] = (
    ("velocity_smooth", "<ns3:Speed>%.3f</ns3:Speed>"),
    ("watts", "<ns3:Watts>%d</ns3:Watts>"),
)


class Taken(NamedTuple):
    """What was recorded: the API's streams, the epoch seconds of the samples, and where the timer stood still."""

    activity: Activity
    streams: dict[str, list[Any]]
    time: np.ndarray
    pauses: list[tuple[float, float]]  # epoch seconds (from, to)
    sport: Sport

    @property
    def times(self) -> list[str]:
        return [text + "Z" for text in np.datetime_as_string(self.time.astype("datetime64[s]")).tolist()]

    @property
    def stretches(self) -> list[slice]:
        """The samples between pauses."""
        ends = np.searchsorted(self.time, [until for _, until in self.pauses]).tolist()
        return [slice(*pair) for pair in itertools.pairwise([0, *ends, len(self.time)])]


def taken(activity: Activity) -> Taken | None:
    """Return what was recorded of the activity; None when nothing was."""
    streams = streams_of(activity)
    if streams is None:
        return None
    summary = activity.summary
    start = int(dt.datetime.fromisoformat(summary["start_date"]).timestamp())
    time = np.asarray(streams["time"], dtype=np.int64) + start
    pauses = [
        (float(time[index - 1]), float(time[index]))
        for index, is_moving in enumerate(streams["moving"])
        if index and not is_moving
    ]
    is_outdoor = bool(summary["start_latlng"])
    sport = SPORTS.get(summary["sport_type"], Sport((0, 0)))
    if not is_outdoor:
        sport = INDOORS.get(summary["sport_type"], sport)
    return Taken(activity, streams, time, pauses, sport)


def fit(record: Taken) -> bytes:
    """Return a FIT file, with the device's wall clock."""
    streams, summary = record.streams, record.activity.summary
    channels = {ours: streams[theirs] for ours, theirs in CHANNELS.items() if theirs in streams}
    if "latlng" in streams:
        pairs = [pair or (None, None) for pair in streams["latlng"]]
        channels |= {"lat": [lat for lat, _ in pairs], "lng": [lng for _, lng in pairs]}
    return fit_files.activity_file(
        record.time,
        channels,
        pauses=record.pauses,
        sport=record.sport.fit[0],
        sub_sport=record.sport.fit[1],
        utc_offset_s=summary["utc_offset"],
        ascent_m=summary["total_elevation_gain"],
    )


def app_gpx(record: Taken) -> bytes:
    """Return a GPX file as Strava's own app leaves it: pauses are gaps of one segment."""
    return _gpx(record, "StravaGPX Android", [slice(0, len(record.time))])


def gpx(record: Taken) -> bytes:
    """Return a GPX file as other apps write it: a new segment after each pause."""
    return _gpx(record, "Acme Tracks", record.stretches)


def tcx(record: Taken) -> bytes:
    """Return a TCX file: blanks before its declaration, as Strava hands it out; a new track after each pause."""
    streams, times = record.streams, record.times
    extensions = TCX_EXTENSIONS
    values = TCX_VALUES
    if record.sport.tcx == "Running":
        extensions = (("cadence", "<ns3:RunCadence>%d</ns3:RunCadence>"), *extensions)
    else:
        values = (*values, ("cadence", "<Cadence>%d</Cadence>"))
    parts = [["<Trackpoint><Time>" + text + "</Time>" for text in times]]
    if "latlng" in streams:
        parts.append([_TCX_POSITION % tuple(pair) if pair else "" for pair in streams["latlng"]])
    parts += _texts(streams, values)
    parts += _wrapped(_texts(streams, extensions), "<Extensions><ns3:TPX>", "</ns3:TPX></Extensions>")
    points = ["".join(point) + "</Trackpoint>\n" for point in zip(*parts, strict=True)]
    tracks = "".join("<Track>" + "".join(points[one]) + "</Track>" for one in record.stretches)
    elapsed = int(record.time[-1] - record.time[0])
    timer = elapsed - sum(until - since for since, until in record.pauses)
    return (
        f'          <?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase xmlns="{_TCX}" '
        f'xmlns:ns3="{_TPX}"><Activities><Activity Sport="{record.sport.tcx}"><Id>{times[0]}</Id>'
        f'<Lap StartTime="{times[0]}"><TotalTimeSeconds>{timer}</TotalTimeSeconds>'
        f"<DistanceMeters>{streams['distance'][-1]}</DistanceMeters><Calories>0</Calories>"
        "<Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>"
        f"{tracks}</Lap></Activity></Activities></TrainingCenterDatabase>\n"
    ).encode()


_TCX = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
_TPX = "http://www.garmin.com/xmlschemas/ActivityExtension/v2"
_TCX_POSITION = (
    "<Position><LatitudeDegrees>%.6f</LatitudeDegrees><LongitudeDegrees>%.6f</LongitudeDegrees></Position>"
)
_GPX_POSITION = '<trkpt lat="%.6f" lon="%.6f">'
_GPX = "http://www.topografix.com/GPX/1/1"
_GPXTPX = "http://www.garmin.com/xmlschemas/TrackPointExtension/v1"


def _gpx(record: Taken, creator: str, segments: Sequence[slice]) -> bytes:
    streams, times = record.streams, record.times
    parts = [[_GPX_POSITION % tuple(pair) for pair in streams["latlng"]]]
    parts += _texts(streams, (("altitude", "<ele>%.1f</ele>"),))
    parts.append(["<time>" + text + "</time>" for text in times])
    sensors = _wrapped(
        _texts(streams, GPX_SENSORS), "<gpxtpx:TrackPointExtension>", "</gpxtpx:TrackPointExtension>"
    )
    power = _texts(streams, (("watts", "<power>%d</power>"),))
    parts += _wrapped(power + sensors, "<extensions>", "</extensions>")
    points = ["".join(point) + "</trkpt>\n" for point in zip(*parts, strict=True)]
    tracks = "".join("<trkseg>" + "".join(points[one]) + "</trkseg>" for one in segments)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<gpx creator="{creator}" version="1.1" xmlns="{_GPX}" '
        f'xmlns:gpxtpx="{_GPXTPX}"><metadata><time>{times[0]}</time></metadata><trk>'
        f"<name>{escape(record.activity.summary['name'])}</name><type>{record.sport.gpx}</type>"
        f"{tracks}</trk></gpx>\n"
    ).encode()


def _texts(streams: dict[str, list[Any]], elements: Sequence[Element]) -> list[list[str]]:
    """Return a text for each sample of each stream that is there; an empty one for None."""
    columns = []
    for name, form in elements:
        if name in streams:
            columns.append(["" if value is None else form % value for value in streams[name]])
    return columns


def _wrapped(columns: list[list[str]], before: str, after: str) -> list[list[str]]:
    """Return the texts of each sample inside of one element, when there are any."""
    joined = ["".join(texts) for texts in zip(*columns, strict=True)]
    return [[text and before + text + after for text in joined]] if joined else []

"""The bulk export that Strava would send the simulated athlete: a zip, or the same unpacked.

It holds the activities that the API serves, as they stand there, by other means: activities.csv, the recordings as
devices left them, the athlete's profile, preferences, bikes and shoes; and beside them files that are nobody's
business, which contain DECOY.

`python -m tests.simulated_strava.export PATH` writes the demo's athlete's.
"""

import argparse
import csv
import datetime as dt
import gzip
import io
import os
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.simulated_strava import recordings
from tests.simulated_strava.activities_csv import Variant, activities_csv
from tests.simulated_strava.athlete import ATHLETE_ID, Activity
from tests.simulated_strava.routes import athlete
from tests.simulated_strava.streams import streams_of
from tests.simulated_strava.training import UNIFORM_BEGINS, demo_history, uniform_history

TODAY = Variant()
# In what no import may open or keep.
DECOY = "nobody-may-read-this"
DECOYS = {
    "logins.csv": f"IP Address,Login Source,Login Datetime\n203.0.113.7,{DECOY},2026-01-01 00:00:00 UTC\n",
    "privacy_zones.csv": f"Latitude,Longitude,Radius,Address\n54.1,7.85,200,{DECOY}\n",
    "messaging.json": f'{{"messages": ["{DECOY}"]}}\n',
    "routes/1.gpx": f"<gpx><name>{DECOY}</name></gpx>\n",
}
# How a recording is written, by the end of its file's name.
WRITERS: Mapping[str, Callable[[recordings.Taken], bytes]] = {
    "fit.gz": recordings.fit,
    "gpx": recordings.app_gpx,
    "gpx.gz": recordings.gpx,
    "tcx.gz": recordings.tcx,
}
# Of twenty activities, by their ids: what is not FIT.
SHARES = {0: "gpx.gz", 1: "gpx.gz", 2: "tcx.gz", 3: "tcx.gz", 4: "gpx"}


def write_export(
    path: Path,
    activities: Iterable[Activity],
    *,
    variant: Variant = TODAY,
    only_fit: bool = False,
    modified_at: dt.datetime | None = None,
) -> None:
    """Write the zip. The same activities make the same bytes.

    Its members are from `modified_at`, in UTC; by default from a day after the newest activity.
    """
    activities = list(activities)
    modified_at = modified_at or _a_day_later(activities)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members(activities, variant=variant, only_fit=only_fit):
            entry = zipfile.ZipInfo(name, modified_at.astimezone(dt.UTC).timetuple()[:6])
            is_packed = name.endswith(".gz")
            entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=1)


def write_unpacked(
    folder: Path,
    activities: Iterable[Activity],
    *,
    variant: Variant = TODAY,
    only_fit: bool = False,
    modified_at: dt.datetime | None = None,
) -> None:
    """Write the files of the zip into a folder, as unpacking does: they have its members' time."""
    activities = list(activities)
    at = (modified_at or _a_day_later(activities)).timestamp()
    for name, content in members(activities, variant=variant, only_fit=only_fit):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (at, at))


def members(
    activities: Iterable[Activity], *, variant: Variant = TODAY, only_fit: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file, the recordings one at a time."""
    activities = list(activities)
    names = {activity.id: _name(activity, only_fit=only_fit) for activity in activities}
    names = {id_: name for id_, name in names.items() if name}
    media = {a.id: _pictures(a) for a in activities if a.id % 40 == 3}
    found = athlete(is_detailed=True)
    gear = {item["id"]: item["name"] for item in found["bikes"] + found["shoes"]}
    yield "activities.csv", activities_csv(activities, names, gear, media, variant).encode()
    for name, rows in _tables(found).items():
        yield name, _csv_text(rows)
    for name, text in DECOYS.items():
        yield name, text.encode()
    for pictures in media.values():
        yield from ((name, DECOY.encode()) for name in pictures)
    for activity in activities:
        if activity.id in names:
            yield names[activity.id], recording(activity, names[activity.id])


def recording(activity: Activity, name: str) -> bytes:
    """Return the content of an activity's file in the format that its name ends in."""
    record = recordings.taken(activity)
    assert record, "nothing was recorded"
    ending = name.partition(".")[2]
    content = WRITERS[ending](record)
    return gzip.compress(content, 1, mtime=0) if ending.endswith("gz") else content


def _name(activity: Activity, *, only_fit: bool) -> str:
    """The member that holds the recording; empty without one. Only the app's files bear the activity's id."""
    if activity.streams_seed is None:
        return ""
    assert activity.session
    ending = "fit.gz" if only_fit else SHARES.get(activity.id % 20, "fit.gz")
    if not activity.session.has_sensors and not only_fit:
        ending = "gpx"  # a telephone
    # A point of GPX has a position.
    if ending.startswith("gpx") and None in (streams_of(activity) or {}).get("latlng", [None]):
        ending = "fit.gz"
    number = activity.id if ending == "gpx" else activity.summary["upload_id"]
    return f"activities/{number}.{ending}"


def _pictures(activity: Activity) -> list[str]:
    return [f"media/{uuid.UUID(int=activity.id * 2 + number)}.jpg" for number in (0, 1)]


def _tables(found: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Rows of the small files, their titles first. There are no ids of bikes and shoes."""
    return {
        "profile.csv": [
            [
                *("Athlete ID", "Email Address", "First Name", "Last Name", "Sex", "Description", "Weight"),
                *("City", "State", "Country", "Health Consent Status"),
                "Date of Health Consent approval/denial",
            ],
            [
                *(ATHLETE_ID, f"{DECOY}@example.org", found["firstname"], found["lastname"]),
                *({"F": "Female", "M": "Male"}[found["sex"]], "", found["weight"], found["city"], ""),
                *(found["country"], "Approved", "Nov 22, 2016, 7:05:35 PM"),
            ],
        ],
        "general_preferences.csv": [
            [
                *("Date of Birth", "Weight", "Functional Threshold Power", "Maximum Heartrate"),
                *("Athlete Type", "Measurement Preference", "Date Preference", "Chart Preference"),
                *("Email Language", "Pace Zone Time", "Pace Zone Distance", "Default Leaderboard View"),
            ],
            [
                *("Feb 3, 1990", f"{found['weight']} kg", f"{found['ftp']} W" if found["ftp"] else ""),
                *("190", "Runner", "Metric", "mm/dd/YYYY", "Week", "English (US)"),
                *("47:30", "10k", "All"),
            ],
        ],
        **{
            f"{kind}s.csv": [
                [f"{kind.title()} {title}" for title in ("Name", "Brand", "Model", "Default Sport Types")],
                *([item["name"], "Acme", item["name"].split()[1], sport] for item in found[f"{kind}s"]),
            ]
            for kind, sport in (("bike", "Ride"), ("shoe", "Run"))
        },
    }


def _csv_text(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _a_day_later(activities: Iterable[Activity]) -> dt.datetime:
    newest = max((activity.summary["start_date"] for activity in activities), default="2026-01-01T00:00:00Z")
    return dt.datetime.fromisoformat(newest) + dt.timedelta(days=1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulated_strava.export")
    parser.add_argument("path", type=Path)
    parser.add_argument("--uniform", type=int, help="so many equal rides, all FIT, instead of the demo's")
    parser.add_argument("--samples", type=int, default=3600)
    parser.add_argument("--begin", type=dt.date.fromisoformat, default=UNIFORM_BEGINS)
    parser.add_argument("--unpacked", action="store_true", help="PATH is a folder")
    arguments = parser.parse_args()
    count = arguments.uniform
    activities = (
        demo_history() if count is None else uniform_history(count, arguments.samples, begin=arguments.begin)
    )
    write = write_unpacked if arguments.unpacked else write_export
    write(arguments.path, activities, only_fit=count is not None)


if __name__ == "__main__":
    main()

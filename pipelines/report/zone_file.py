"""The privacy zones of the marts, and what they keep from one page to the next: a file for the user alone."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.errors import UserError
from pipelines.files import read_private, write_private
from pipelines.report.marts import Marts, query
from pipelines.report.polylines import UNITS_PER_DEGREE, decode
from pipelines.report.privacy import (
    HIGHEST_LATITUDE_DEG,
    NO_ZONES,
    Floats,
    KnownPlaces,
    Zones,
    places_near,
    zones_around,
)

SECRET_BYTES = 32
ENDS = """
    select start_lat as lat, start_lng as lng from activities
    union select end_lat, end_lng from activities
    union select start_lat, start_lng from routes
    order by lat, lng
"""
TRACKS = "select polyline from tracks where polyline <> '' order by activity_id"


@dataclass(frozen=True)
class Privacy:
    """The radius of the zones, 0 for none, and the file with their secret."""

    radius_m: float
    file: Path


def privacy_zones(marts: Marts, privacy: Privacy) -> Zones:
    """The zones of all starts and ends; the file has what is to be kept of them before they are returned.

    Raises:
        UserError: The file is damaged.
    """
    if not privacy.radius_m:
        return NO_ZONES
    known = read_places(privacy.file)
    zones, to_keep = zones_around(_ends_deg(marts), known, privacy.radius_m)
    if to_keep != known or not privacy.file.exists():
        write_places(privacy.file, to_keep)
    return zones


def forget_places(marts: Marts, file: Path) -> None:
    """Forget the places where no activity of the marts starts or ends any more.

    Raises:
        UserError: The file is damaged.
    """
    if not file.exists():
        return
    known = read_places(file)
    still = places_near(known, _ends_deg(marts))
    if still != known:
        write_places(file, still)


def _ends_deg(marts: Marts) -> Floats:
    """Rows of latitude and longitude: those that Strava tells, and those of the recordings."""
    told = [(row["lat"], row["lng"]) for row in query(marts, ENDS)]
    tracks = decode([row["polyline"] for row in query(marts, TRACKS)])
    is_end = ~np.append(tracks.goes_on, False) | ~np.append(False, tracks.goes_on)
    ends_deg = np.concatenate(
        [
            np.array(told, np.float64).reshape(-1, 2),
            tracks.points[is_end[: len(tracks.points)]] / UNITS_PER_DEGREE,
        ]
    )
    # Null is no number, which compares as false.
    shown: Floats = ends_deg[(np.abs(ends_deg[:, 0]) <= HIGHEST_LATITUDE_DEG) & np.isfinite(ends_deg[:, 1])]
    return shown


def read_places(file: Path) -> KnownPlaces:
    """What is kept, or a new secret where nothing is kept yet.

    Raises:
        UserError: The file cannot be understood. A new secret in its place would move all zones.
    """
    try:
        kept = json.loads(read_private(file))
        known = KnownPlaces(
            bytes.fromhex(kept["secret"]),
            tuple((float(latitude), float(longitude)) for latitude, longitude in kept["places"]),
            tuple(float(radius_m) for radius_m in kept["drawn_for_m"]),
        )
    except FileNotFoundError:
        return KnownPlaces(secrets.token_bytes(SECRET_BYTES))
    except (ValueError, TypeError, KeyError):
        known = None
    if known is None or len(known.secret) != SECRET_BYTES:
        raise UserError(
            f"{file} is damaged, which says how the report's privacy zones are displaced: take it from a backup, "
            "or delete it (the zones move then: do not pass on a new report beside an old one) and type `make report`"
        )
    return known


def write_places(file: Path, known: KnownPlaces) -> None:
    """Keep it, before a page is made with it."""
    kept = {"secret": known.secret.hex(), "places": known.places, "drawn_for_m": known.drawn_for_m}
    write_private(file, json.dumps(kept, indent=1))

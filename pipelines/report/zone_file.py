"""What the privacy zones keep from one page to the next, as a file of the Playground for the user alone."""

import json
import secrets
from pathlib import Path

from pipelines.errors import UserError
from pipelines.files import read_private, write_private
from pipelines.report.privacy import KnownPlaces

SECRET_BYTES = 32


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

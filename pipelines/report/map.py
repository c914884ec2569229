"""The map: every track, but for what lies in privacy zones.

Nothing here comes from outside: lines on an empty ground, in the projection of maps on the web (Web Mercator).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.report.colours import BLUE, GREEN, GREY, ORANGE, year_colours
from pipelines.report.marts import Marts, Row, query
from pipelines.report.polylines import UNITS_PER_DEGREE, Bools, Ints, Lines, decode, encode, simplify
from pipelines.report.privacy import Floats, Zones, mercator
from pipelines.report.section import Section, Table, TrackMap
from pipelines.report.units import GROUP_NAMES, Units
from pipelines.report.zone_file import Privacy, privacy_zones

TRACKS = """
    select t.activity_id, t.polyline, a.activity_name, a.activity_date as day, a.sport_group, a.distance_m
    from tracks t
    join activities a using (athlete_id, activity_id)
    where t.polyline <> '' and a.activity_date is not null
    order by a.started_at, t.activity_id
"""
TILES = """
    select x, y, min(first_on) as first_on from tiles where zoom = ? and first_on is not null
    group by all order by first_on, x, y
"""
GROUP_COLOURS = {"foot": ORANGE, "ride": BLUE, "swim": GREEN, "other": GREY}
# Of Web Mercator; those of zoom 17 would be most of the page.
TILE_ZOOM = 14
# All lines as text; beyond it they are simplified, each time twice as much.
LINES_BYTES = 700_000
FIRST_TOLERANCE_M = 20.0
# Tracks are of one region when their middles lie in squares of this size that touch.
REGION_DEGREES = 0.5
REGIONS_NAMED = 8
# A region is shown without the few tracks that lead far out of it.
FAR_SHARE = 0.025


@dataclass(frozen=True)
class Region:
    """A part of the world with tracks, in degrees."""

    track_count: int
    south: float
    west: float
    north: float
    east: float


def map_sections(marts: Marts, units: Units, privacy: Privacy) -> list[Section]:
    """One section with the map, or none without a track to be shown."""
    rows = query(marts, TRACKS)
    if not rows:
        return []
    zones = privacy_zones(marts, privacy)
    pieces, owners = drawn_pieces(decode([row["polyline"] for row in rows]), zones)
    if not owners.size:
        return []
    texts: list[list[str]] = [[] for _ in rows]
    for owner, text in zip(owners, encode(pieces), strict=True):
        texts[owner].append(text)
    shown = [(row, " ".join(parts)) for row, parts in zip(rows, texts, strict=True) if parts]
    return [
        Section(
            "map",
            "Map",
            _caption(len(rows) - len(shown), privacy.radius_m),
            figures=[
                TrackMap(
                    "A map of the tracks of all activities, on an empty ground; the table below counts them",
                    {
                        **_tracks(shown, units),
                        "regions": [
                            _place(region, rank)
                            for rank, region in enumerate(regions(pieces, owners)[:REGIONS_NAMED])
                        ],
                        "tiles": _tiles(marts, zones),
                    },
                )
            ],
            table=_table([row for row, _ in shown], units),
        )
    ]


def drawn_pieces(tracks: Lines, zones: Zones) -> tuple[Lines, Ints]:
    """The pieces of tracks that lie outside all zones, and of which track each is.

    A line that comes into a zone ends at its last corner before it.
    """
    tracks = _short_enough(tracks)
    at = mercator(tracks.points[:, 0] / UNITS_PER_DEGREE, tracks.points[:, 1] / UNITS_PER_DEGREE)
    is_shown: Bools = tracks.goes_on & ~zones.hide_segments(at[:-1], at[1:])
    before, after = np.append(False, is_shown), np.append(is_shown, False)
    kept = before | after
    pieces = np.cumsum(after & ~before)[kept] - 1
    owners = tracks.line[after & ~before]
    return Lines(tracks.points[kept], pieces), owners


def _short_enough(tracks: Lines) -> Lines:
    tolerance_m = FIRST_TOLERANCE_M
    while sum(map(len, encode(tracks))) > LINES_BYTES:
        tracks, tolerance_m = simplify(tracks, tolerance_m), 2 * tolerance_m
        if tolerance_m > 40_000_000:
            break  # two points are left of each
    return tracks


def regions(pieces: Lines, owners: Ints) -> list[Region]:
    """The parts of the world that tracks lie in, the one with most of them first; only what is drawn counts."""
    degrees = pieces.points / UNITS_PER_DEGREE
    track = owners[pieces.line]
    first = np.flatnonzero(np.append(True, track[1:] != track[:-1]))
    low, high = (limit.reduceat(degrees, first, axis=0) for limit in (np.minimum, np.maximum))
    squares = [(int(row), int(column)) for row, column in np.floor((low + high) / 2 / REGION_DEGREES)]
    found = []
    left = Counter(squares)
    while left:
        joined = _joined(left)
        chosen = np.array([square in joined for square in squares])
        found.append(_region(low[chosen], high[chosen]))
        for square in joined:
            del left[square]
    return sorted(found, key=lambda region: -region.track_count)


def _joined(squares: Counter[tuple[int, int]]) -> set[tuple[int, int]]:
    """All squares that are reached from one of them by squares that touch."""
    reached: set[tuple[int, int]] = set()
    ahead = [next(iter(squares))]
    while ahead:
        row, column = square = ahead.pop()
        if square in squares and square not in reached:
            reached.add(square)
            ahead += [(row + north, column + east) for north in (-1, 0, 1) for east in (-1, 0, 1)]
    return reached


def _region(low: Floats, high: Floats) -> Region:
    south, west = np.quantile(low, FAR_SHARE, axis=0, method="lower")
    north, east = np.quantile(high, 1 - FAR_SHARE, axis=0, method="higher")
    return Region(len(low), float(south), float(west), float(north), float(east))


def _caption(hidden_count: int, radius_m: float) -> str:
    if not radius_m:
        return (
            "The tracks of all activities, whole: without privacy zones (report.privacy_radius_m is 0) this page shows "
            "where you live."
        )
    hidden = f" {hidden_count:,} tracks lie in them as a whole." if hidden_count else ""
    return (
        "The tracks of all activities, but for what lies in privacy zones: circles of "
        f"{radius_m:,.0f} m (report.privacy_radius_m), one for each place where activities start or end, which a secret "
        f"has displaced. Tiles that one touches are left out, too.{hidden}"
    )


def _tracks(shown: Sequence[tuple[Row, str]], units: Units) -> dict[str, object]:
    """The tracks in short: place of the name, day, place of the group, distance, pieces as encoded polylines."""
    names = list(dict.fromkeys(row["activity_name"] or "" for row, _ in shown))
    place = {name: index for index, name in enumerate(names)}
    years = sorted({row["day"].year for row, _ in shown})
    groups = [group for group in GROUP_NAMES if any(row["sport_group"] == group for row, _ in shown)]
    return {
        "unit": units.distance.name,
        "unit_m": units.distance.size_m,
        "names": names,
        "groups": [[group, GROUP_NAMES[group], GROUP_COLOURS[group]] for group in groups],
        "years": list(zip(years, year_colours(len(years)), strict=True)),
        "tracks": [
            [
                row["activity_id"],
                place[row["activity_name"] or ""],
                str(row["day"]),
                groups.index(row["sport_group"]),
                round(units.distance.of(row["distance_m"]), 1),
                text,
            ]
            for row, text in shown
        ],
    }


def _place(region: Region, rank: int) -> list[str | float]:
    name = "most activities" if not rank else f"region {rank + 1}"
    return [f"{name} ({region.track_count:,})", region.south, region.west, region.north, region.east]


def _tiles(marts: Marts, zones: Zones) -> dict[str, object]:
    """The visited tiles that no zone touches: x, y and the day of the first visit of each."""
    rows = query(marts, TILES, TILE_ZOOM)
    x, y = (np.array([row[name] for row in rows], np.float64) for name in ("x", "y"))
    hidden = zones.hide_tiles(TILE_ZOOM, x, y)
    shown = [row for row, is_hidden in zip(rows, hidden, strict=True) if not is_hidden]
    return {"zoom": TILE_ZOOM, "visited": [[row["x"], row["y"], str(row["first_on"])] for row in shown]}


def _table(rows: Sequence[Row], units: Units) -> Table:
    """A line for each year and sport group, the newest year first."""
    lines: dict[tuple[int, str], list[float]] = {}
    for row in rows:
        lines.setdefault((row["day"].year, row["sport_group"]), []).append(row["distance_m"] or 0)
    order = list(GROUP_NAMES)
    return Table(
        ["Year", "Sports", "Tracks on the map", f"{units.distance.name} of these activities"],
        [
            [
                str(year),
                GROUP_NAMES[group],
                f"{len(distances_m):,}",
                f"{units.distance.of(sum(distances_m)):,.0f}",
            ]
            for (year, group), distances_m in sorted(
                lines.items(), key=lambda line: (-line[0][0], order.index(line[0][1]))
            )
        ],
        text_columns=2,
    )

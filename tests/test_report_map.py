"""The report's map and the sections around it: what the page holds of places, and what the reader can do with it."""

import json
import math
import re
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from pipelines.errors import visible
from pipelines.report import Privacy, forget_places, write_report
from pipelines.report.map import LINES_BYTES, drawn_pieces, regions
from pipelines.report.polylines import METRES_PER_UNIT, Lines, decode, encode, simplify
from pipelines.report.privacy import NO_ZONES
from pipelines.report.zone_file import privacy_zones, read_places
from tests.harness import last_line, rows, run
from tests.report_in_browser import opened
from tests.test_privacy_zones import apart_m, centres_deg

RADIUS_M = 400.0


def embedded(page: str, key: str) -> Any:
    """The data of a figure of the page; `None` where it has none."""
    found = re.findall(f'(?s)<script type="application/json" id="{key}-0">(.*?)</script>', page)
    return json.loads(found[0]) if found else None


def points_of(polyline: str) -> list[tuple[float, float]]:
    """Latitudes and longitudes, number by number: another way than the one that is tested."""
    points, sums, which, number, shift = [], [0, 0], 0, 0, 0
    for character in polyline:
        code = ord(character) - 63
        number |= (code & 31) << shift
        shift += 5
        if code < 32:
            sums[which] += ~(number >> 1) if number & 1 else number >> 1
            if which:
                points.append((sums[0] / 1e5, sums[1] / 1e5))
            which, number, shift = 1 - which, 0, 0
    return points


def made_page(playground: Path, radius_m: float, file: Path) -> str:
    """The page of a Playground's marts, with the places that are kept in a file."""
    with duckdb.connect(str(playground / "marts.duckdb"), read_only=True) as marts:
        page = file.with_suffix(".html")
        write_report(marts, page, "metric", "monday", Privacy(radius_m, file))
        return page.read_text()


def test_polylines_are_those_of_google() -> None:
    texts = ["_p~iF~ps|U_ulLnnqC_mqNvxq`@", "@A", "_c`|@_rqfa@?_ibE"]
    lines = decode(texts)
    expected = [[3850000, -12020000], [4070000, -12095000], [4325200, -12645300], [-1, 1]]
    assert lines.points.tolist() == [*expected, [1000000, 17950000], [1000000, 18050000]]
    assert lines.line.tolist() == [0, 0, 0, 1, 2, 2]
    assert encode(lines) == texts
    assert (decode([]).points.size, encode(decode([]))) == (0, [])
    random = np.random.default_rng(1)
    for size in (1, 2, 500):
        points = random.integers(-18_000_000, 18_000_000, (size, 2))
        line = np.sort(random.integers(0, 3, size))
        some = Lines(points, np.unique(line, return_inverse=True)[1])
        back = decode(encode(some))
        assert back.points.tolist() == points.tolist()
        assert back.line.tolist() == some.line.tolist()


def off_m(point: Any, begin: Any, end: Any) -> float:
    along, to = end - begin, point - begin
    length = abs(along)
    share = min(max((to * along.conjugate()).real / length**2, 0), 1) if length else 0
    return float(abs(to - share * along))


def test_a_simplified_line_stays_within_its_tolerance() -> None:
    random = np.random.default_rng(2)
    points = np.cumsum(random.normal(0, 30, (900, 2)), axis=0).round().astype(np.int64)
    lines = Lines(points, np.repeat([0, 1, 2], [1, 399, 500]))
    simple = simplify(lines, 50)
    assert 3 < len(simple.points) < 500
    way_m = points[:, 1] * METRES_PER_UNIT + 1j * points[:, 0] * METRES_PER_UNIT
    assert set(map(tuple, simple.points)) <= set(map(tuple, points))
    for number in range(3):
        mine, kept = way_m[lines.line == number], simple.points[simple.line == number] * METRES_PER_UNIT
        corners = kept[:, 1] + 1j * kept[:, 0]
        assert (corners[0], corners[-1]) == (mine[0], mine[-1])
        spans = list(pairwise(corners)) or [(corners[0], corners[0])]
        assert max(min(off_m(point, *span) for span in spans) for point in mine) <= 50.001


def starts_and_ends(playground: Path) -> list[tuple[float, float]]:
    """As the API has told them, and the first and last positions of the recordings: past all models."""
    return rows(
        playground,
        """
        with positions as (select activity_id, lat, lng, sample_index from strava_raw.streams where lat is not null)
        select start_lat, start_lng from marts.activities where start_lat is not null
        union select end_lat, end_lng from marts.activities where end_lat is not null
        union select arg_min(lat, sample_index), arg_min(lng, sample_index) from positions group by activity_id
        union select arg_max(lat, sample_index), arg_max(lng, sample_index) from positions group by activity_id
        """,
    )


def test_no_point_of_the_page_lies_in_a_zone(refreshed: Path, tmp_path: Path) -> None:
    """Of all that the page holds: tracks, regions, tiles, and no coordinate anywhere else."""
    page = made_page(refreshed, RADIUS_M, tmp_path / "zones.json")
    data = embedded(page, "map")
    drawn = [point for *_, text in data["tracks"] for piece in text.split(" ") for point in points_of(piece)]
    assert len(data["tracks"]) > 50
    with duckdb.connect(str(refreshed / "marts.duckdb"), read_only=True) as marts:
        zones = privacy_zones(marts, Privacy(RADIUS_M, tmp_path / "zones.json"))
    at = np.array(drawn)
    for centre in centres_deg(zones):
        assert apart_m(at, centre).min() >= RADIUS_M
    ends = np.array(starts_and_ends(refreshed))
    nearest_m = np.min([apart_m(ends, centre) for centre in centres_deg(zones)], axis=0)
    assert nearest_m.max() < RADIUS_M
    coordinates = {number for point in drawn for number in point}
    assert {number for _, *box in data["regions"] for number in box} <= coordinates
    for x, y, _ in data["tiles"]["visited"]:
        side = np.linspace(0, 1, 21)
        corners = np.array([[x, y]]) + np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        longitude = corners[:, 0] / 2**14 * 360 - 180
        latitude = np.degrees(np.arctan(np.sinh(np.pi * (1 - corners[:, 1] / 2**13))))
        for centre in centres_deg(zones):
            assert apart_m(np.stack([latitude, longitude], axis=1), centre).min() >= RADIUS_M
    assert data["tiles"]["visited"]
    without = page.replace(re.findall('(?s)id="map-0">(.*?)</script>', page)[0], "")
    assert not re.findall(
        rf"\b(?:{int(ends[0, 0])}|{int(ends[0, 1])})\.\d{{3}}",
        re.sub("(?s)<script>.*?</script>", "", without),
    )
    assert not re.findall(
        "polyline|[?@_`a-zA-Z\\\\^|~{}]{60,}", re.sub("(?s)<script>.*?</script>", "", without)
    )


def test_a_second_page_has_the_same_zones_and_another_playground_has_others(
    refreshed: Path, tmp_path: Path
) -> None:
    pages = [embedded(made_page(refreshed, RADIUS_M, tmp_path / name), "map") for name in ("a", "a", "b")]
    assert pages[0] == pages[1] != pages[2]


def test_without_zones_the_page_has_whole_tracks_and_says_so(refreshed: Path, tmp_path: Path) -> None:
    page = made_page(refreshed, 0, tmp_path / "zones.json")
    assert "this page shows where you live" in page
    assert not (tmp_path / "zones.json").exists()
    told = {(activity, text) for activity, *_, text in embedded(page, "map")["tracks"]}
    kept = set(rows(refreshed, "select activity_id, polyline from tracks", "marts.duckdb"))
    assert told == {(activity, text) for activity, text in kept if len(points_of(text)) > 1}
    hidden = made_page(refreshed, 5000, tmp_path / "zones.json")
    assert "circles of 5,000 m" in hidden


def test_sections_without_data_are_left_out(refreshed: Path, tmp_path: Path) -> None:
    playground = Path(shutil.copytree(refreshed, tmp_path / "p"))
    with duckdb.connect(str(playground / "marts.duckdb")) as marts:
        for mart in ("tracks", "tiles", "explorer", "routes", "climbs"):
            marts.execute(f"delete from {mart}")
    page = made_page(playground, RADIUS_M, tmp_path / "zones.json")
    for key in ("map", "explorer", "routes", "climbs"):
        assert f'id="{key}"' not in page
        assert f'id="{key}"' in made_page(refreshed, RADIUS_M, tmp_path / "zones.json")


def wobbly(count: int, corners: int) -> list[str]:
    """Encoded tracks with as many corners as GPS makes of a city's streets."""
    random = np.random.default_rng(3)
    steps = random.normal(0, 40, (count, corners, 2)).cumsum(axis=1) + random.uniform(
        0, 20_000, (count, 1, 2)
    )
    points = (steps.reshape(-1, 2) + np.array([5_410_000, 785_000])).round().astype(np.int64)
    return encode(Lines(points, np.repeat(np.arange(count), corners)))


def test_ten_years_of_tracks_are_simplified_until_they_fit() -> None:
    texts = wobbly(3000, 300)
    assert sum(map(len, texts)) > 3_000_000
    pieces, owners = drawn_pieces(decode(texts), NO_ZONES)
    assert set(owners) == set(range(3000))
    assert LINES_BYTES / 3 < sum(map(len, encode(pieces))) <= LINES_BYTES
    few = decode(texts[:100])
    assert drawn_pieces(few, NO_ZONES)[0].points.tolist() == few.points.tolist()


def test_the_map_begins_where_most_tracks_are() -> None:
    def around(latitude: int, longitude: int, count: int) -> list[list[tuple[int, int]]]:
        """Tracks of two points, in 0.00001 degrees: each leads a hundredth of a degree further north."""
        begin = (latitude * 100_000, longitude * 100_000)
        return [[begin, (begin[0] + 1000 * number, begin[1] + 10_000)] for number in range(count)]

    far = [(5_400_000, 800_000), (4_800_000, 900_000)]
    tracks = [*around(10, 20, 2), *around(54, 8, 60), far, *around(-33, 151, 5)]
    lines = Lines(np.array(tracks, np.int64).reshape(-1, 2), np.repeat(np.arange(len(tracks)), 2))
    found = regions(*drawn_pieces(lines, NO_ZONES))
    assert [region.track_count for region in found] == [60, 5, 2, 1]
    home = found[0]
    assert (home.south, home.west, home.east) == (54, 8, 8.1)
    assert 54.5 < home.north < 54.6


def wait_for_tracks(page: Any, count: int) -> None:
    """Until the map says that so many tracks are in view."""
    said = "No tracks" if not count else "1 track" if count == 1 else f"{count} tracks"
    page.wait_for_selector(f".map small:text-is('{said} in view.')", timeout=10_000)


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_map_is_drawn_and_follows_its_reader(
    chromium: Any, refreshed: Path, width: int, scheme: str
) -> None:
    data = embedded((refreshed / "report.html").read_text(), "map")
    by_group = [sum(track[3] == place for track in data["tracks"]) for place in range(len(data["groups"]))]
    viewport = {"width": width, "height": 900}
    with opened(chromium, refreshed / "report.html", viewport=viewport, color_scheme=scheme) as page:
        page.select_option("#filter-period", label="all")
        page.select_option(".map label:has-text('Region') select", label="everything")
        wait_for_tracks(page, len(data["tracks"]))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Lines make the picture's file larger.
        page.select_option(".map label:has-text('Region') select", index=0)
        page.wait_for_timeout(300)
        picture = page.locator(".map canvas").screenshot()
        page.select_option(".map label:has-text('Region') select", label="everything")
        # The page's filter.
        page.select_option("#filter-sports", value=data["groups"][0][0])
        wait_for_tracks(page, by_group[0])
        page.select_option("#filter-sports", value="all")
        wait_for_tracks(page, len(data["tracks"]))
        # The legend.
        page.click(".map .legend button >> nth=0")
        wait_for_tracks(page, len(data["tracks"]) - by_group[0])
        page.select_option(".map label:has-text('Colours') select", label="by year")
        wait_for_tracks(page, len(data["tracks"]))
        years = page.locator(".map .legend button").all_inner_texts()
        assert years == [str(year) for year, _ in data["years"]]
        # The keyboard: far to the east there is nothing.
        page.focus(".map canvas")
        page.keyboard.press("0")
        for _ in range(3):
            page.keyboard.press("+")
        for _ in range(200):
            page.keyboard.press("ArrowRight")
        wait_for_tracks(page, 0)
        assert len(page.locator(".map canvas").screenshot()) < 0.5 * len(picture)
        page.keyboard.press("0")
        wait_for_tracks(page, len(data["tracks"]))


def test_a_track_under_the_pointer_is_named_and_linked_and_its_name_is_text(
    chromium: Any, copied: Path
) -> None:
    evil = "</script><img src=x onerror=alert(1)>&amp;\"'\u2028"
    with duckdb.connect(str(copied / "marts.duckdb")) as marts:
        marts.execute("update activities set activity_name = ?", [evil])
    run("report", copied)
    data = embedded((copied / "report.html").read_text(), "map")
    with opened(chromium, copied / "report.html", viewport={"width": 1000, "height": 900}) as page:
        page.select_option("#filter-period", label="all")
        page.locator(".map canvas").scroll_into_view_if_needed()
        box = page.locator(".map canvas").bounding_box()
        for step in range(120):
            x, y = (
                box["width"] / 2 + 3 * step * math.cos(step / 9),
                box["height"] / 2 + 2 * step * math.sin(step / 9),
            )
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.is_visible(".map .tip"):
                break
        assert visible(evil) in page.inner_text(".map .tip")
        assert " km" in page.inner_text(".map .tip")
        page.mouse.down()
        page.mouse.up()
        link = page.locator(".map .tip a")
        number = link.get_attribute("href").removeprefix("https://www.strava.com/activities/")
        assert int(number) in {track[0] for track in data["tracks"]}
        assert page.locator("img").count() == 0
        for key in ("routes", "climbs"):
            assert (
                visible(evil) in page.inner_text(f"#{key} details table", timeout=5000)
                or page.locator(f"#{key} details table >> text={visible(evil)[:9]}").count()
            )


def table(page: str, key: str) -> list[list[str]]:
    """The texts of a section's last table."""
    section = page[page.index(f'<section id="{key}"') :].split("</section>")[0]
    body = section.split("<tbody>")[-1].split("</table>")[0]
    # Cells and rows have no end tags.
    return [
        [re.sub("<[^>]*>", "", cell).strip() for cell in re.split("<td[^>]*>", row)[1:]]
        for row in re.split("<tr[^>]*>", body)[1:]
    ]


def test_the_tables_hold_the_numbers_of_the_warehouse(refreshed: Path, tmp_path: Path) -> None:
    page = made_page(refreshed, RADIUS_M, tmp_path / "zones.json")
    routes = rows(
        refreshed,
        "select count(*), min(start_date_local)::date::varchar, max(start_date_local)::date::varchar, min(least(moving_time, elapsed_time)) "
        "from strava_raw.activities join marts.activities on id = activity_id where route_id is not null "
        "group by route_id having count(*) > 1 order by 1 desc",
    )

    def key(row: Sequence[str]) -> tuple[str, ...]:
        return (row[4], row[6], row[7], row[3])

    def time(seconds: int) -> str:
        hours, rest = divmod(seconds, 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"

    shown = [key(row) for row in table(page, "routes")]
    assert sorted(shown) == sorted((str(n), first, last, time(least)) for n, first, last, least in routes)
    climbs = rows(refreshed, "select round(max(elevation_gain_m)), count(*) from marts.climbs")
    assert climbs[0][1] > 20
    section = page[page.index('<section id="climbs"') :]
    assert re.search(f"<td>{climbs[0][0]:,.0f}\\s*<", section.split("</table>")[0])
    tiles = rows(
        refreshed,
        "select zoom, count(*) from (select distinct z.zoom, floor((lng + 180) / 360 * 2 ** z.zoom), "
        "floor((1 - asinh(tan(radians(lat))) / pi()) / 2 * 2 ** z.zoom) from strava_raw.streams, (values (14), (17)) z (zoom) "
        "where lat is not null) group by zoom order by zoom",
    )
    newest = {int(row[1]): row[2] for row in reversed(table(page, "explorer"))}
    assert newest == {zoom: f"{count:,}" for zoom, count in tiles}


def test_places_of_which_nothing_is_left_are_forgotten(refreshed: Path, tmp_path: Path) -> None:
    playground = Path(shutil.copytree(refreshed, tmp_path / "p"))
    file = tmp_path / "zones.json"
    made_page(playground, RADIUS_M, file)
    known = read_places(file)
    with duckdb.connect(str(playground / "marts.duckdb")) as marts:
        forget_places(marts, file)
        assert read_places(file) == known
        for end in ("start", "end"):
            marts.execute(f"update activities set {end}_lat = {end}_lat + 1 where {end}_lat is not null")
        marts.execute("delete from routes; delete from tracks")
        forget_places(marts, file)
    assert read_places(file).places == ()
    assert read_places(file).secret == known.secret
    with duckdb.connect(str(playground / "marts.duckdb")) as marts:
        forget_places(marts, tmp_path / "absent.json")
    assert not (tmp_path / "absent.json").exists()


def test_a_damaged_file_of_zones_stops_the_report_in_words(copied: Path) -> None:
    before = (copied / "report.html").read_text()
    (copied / "privacy-zones.json").write_text("{")
    done = run("report", copied, expect=2)
    assert "privacy-zones.json is damaged" in last_line(done)
    assert f"type `make report PLAYGROUND={copied}`" in last_line(done)
    assert (copied / "report.html").read_text() == before

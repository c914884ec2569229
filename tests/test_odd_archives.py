"""The odd archives are odd in the way that they say, and in no other: the tests of the import stand on them."""

import gzip
import zipfile
from pathlib import Path

import pytest

from tests import odd_archives as odd
from tests.simulated_strava import uniform_history
from tests.simulated_strava.export import write_export, write_unpacked

FEW = uniform_history(3, samples=20)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write_export(tmp_path / "good.zip", FEW, only_fit=True)
    return tmp_path / "good.zip"


@pytest.fixture
def name(good: Path) -> str:
    return next(name for name in contents(good) if name.startswith("activities/"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "odd.zip"


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as members:
        return {name: members.read(name) for name in members.namelist()}


def test_members_are_changed_and_no_other(good: Path, name: str, target: Path) -> None:
    before = contents(good)
    others = {n: content for n, content in before.items() if n not in (name, "activities.csv")}
    left = contents(odd.without(good, target, name))
    assert left == {**others, "activities.csv": before["activities.csv"]}
    assert contents(odd.with_content(good, target, name, b"")) == {**before, name: b""}
    failed = contents(odd.with_filename(good, target, name))
    csv = failed.pop("activities.csv").decode()
    assert failed == others
    assert (name in csv, csv.count("#error#")) == (False, 1)
    assert not [n for n in contents(odd.without_activities(good, target)) if n.startswith("activities")]


@pytest.mark.parametrize("outside", odd.OUTSIDE)
def test_a_name_points_outside_in_both_places(good: Path, name: str, target: Path, outside: str) -> None:
    before, after = contents(good), contents(odd.with_name_outside(good, target, name, outside))
    assert after[outside] == before[name]
    assert outside in after["activities.csv"].decode()
    assert name not in after


def test_a_name_may_stand_twice(good: Path, name: str, target: Path) -> None:
    with zipfile.ZipFile(odd.with_more(good, target, {name: b"other"})) as members:
        found = [members.read(entry) for entry in members.infolist() if entry.filename == name]
    assert found == [contents(good)[name], b"other"]


def test_zipped_again_it_holds_the_same(good: Path, target: Path) -> None:
    before = contents(good)
    mac = contents(odd.rezipped(good, target))
    kept = {n.removeprefix("export_24392837/"): content for n, content in mac.items() if "._" not in n}
    assert {n: kept[n] for n in before} == before
    more = set(kept) - set(before)
    assert more > {"", "activities/", ".DS_Store", "activities/.DS_Store"}
    assert all(n.endswith(("/", ".DS_Store")) for n in more - {""})
    assert len([n for n in mac if n.startswith("__MACOSX/") and "/._" in n]) == len(before)
    windows = contents(odd.with_backslashes(good, target))
    assert {"export\\" + n.replace("/", "\\"): content for n, content in before.items()} == windows


def test_bombs_are_small_and_become_large(good: Path, name: str, target: Path) -> None:
    packed = odd.gzip_bomb(5_000_005, b"<gpx>")
    assert len(packed) < 50_000
    assert gzip.decompress(packed) == b"<gpx>" + bytes(5_000_000)
    odd.with_zip_bomb(good, target, name, 3_000_000)
    assert target.stat().st_size < good.stat().st_size + 20_000
    after = contents(target)
    assert after.pop(name) == bytes(3_000_000)
    assert after.keys() == contents(good).keys() - {name}


def test_broken_zips_are_broken_where_they_say(good: Path, name: str, target: Path) -> None:
    def read() -> bytes:
        with zipfile.ZipFile(target) as members:
            for other in members.namelist():
                if other != name:
                    members.read(other)
            return members.read(name)

    odd.with_encrypted(good, target, name)
    with pytest.raises(RuntimeError, match="encrypted"):
        read()
    odd.with_unknown_packing(good, target, name)
    with pytest.raises(NotImplementedError, match="compression"):
        read()
    odd.with_bad_checksum(good, target, name)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        read()
    odd.with_false_size(good, target, name)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        read()
    with zipfile.ZipFile(target) as members:
        assert members.getinfo(name).file_size == 10
    odd.truncated(good, target)
    assert not zipfile.is_zipfile(target)


def test_a_link_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    write_unpacked(tmp_path / "good", FEW, only_fit=True)
    (tmp_path / "secret").write_text("outside")
    folder = odd.with_link(tmp_path / "good", tmp_path / "odd", name, tmp_path / "secret")
    assert (folder / name).read_text() == "outside"
    assert not (tmp_path / "good" / name).is_symlink()

"""Whatever is wrong with some files of an archive, the others are whole."""

import gzip
import random
import zipfile
from pathlib import Path

import pytest

from tests.harness import rows, run
from tests.imports import ledger, members_of, names_in, with_cells, write_zip
from tests.rounds import ROUNDS, SEED, count
from tests.simulated_strava import uniform_history
from tests.simulated_strava.export import write_export


@pytest.fixture
def playground(tmp_path: Path) -> Path:
    folder = tmp_path / "playground"
    folder.mkdir(mode=0o700)
    return folder


def hurt(rng: random.Random, content: bytes, name: str) -> tuple[bytes, str]:
    """A recording with bits flipped, cut, or under another ending; its new name."""
    kind = rng.choice(["flip", "flip", "flip inside", "cut", "cut inside", "ending", "unpacked", "insert"])
    is_packed = content[:2] == b"\x1f\x8b"
    inside = gzip.decompress(content) if is_packed else content
    match kind:
        case "flip" | "flip inside":
            changed = bytearray(content if kind == "flip" else inside)
            for _ in range(rng.choice([1, 1, 5, 50])):
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            content = bytes(changed) if kind == "flip" or not is_packed else gzip.compress(changed, mtime=0)
        case "cut":
            content = content[: rng.randrange(len(content))]
        case "cut inside":
            cut = inside[: rng.randrange(len(inside))]
            content = gzip.compress(cut, mtime=0) if is_packed else cut
        case "ending":
            stem = name.partition(".")[0]
            name = stem + rng.choice([".fit", ".fit.gz", ".gpx", ".gpx.gz", ".tcx", ".tcx.gz"])
        case "unpacked":
            content = inside
        case _:
            place = rng.randrange(len(inside))
            content = inside[:place] + rng.randbytes(rng.randrange(1, 300)) + inside[place:]
    return content, name


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_whatever_is_wrong_with_some_files_the_others_are_whole(
    playground: Path, tmp_path: Path, round_: int
) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    activities = uniform_history(40, samples=20, seed=seed)
    write_export(tmp_path / "good.zip", activities)
    members = members_of(tmp_path / "good.zip")
    names = names_in(members)
    chosen = set(rng.sample(sorted(names), 30))
    renamed: dict[int, str] = {}
    for id_ in chosen:
        content, renamed[id_] = hurt(rng, members.pop(names[id_]), names[id_])
        members[renamed[id_]] = content
    packed = {name: rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]) for name in members}
    archive = write_zip(tmp_path / "odd.zip", with_cells(members, "Filename", renamed), packed)
    done = run("import", playground, ARCHIVE=str(archive))
    assert "Traceback" not in done.stderr
    assert rows(playground, "select count(*), count(distinct id) from strava_raw.activities") == [(40, 40)]
    found = ledger(playground)
    assert found.keys() == names.keys()
    assert {found[id_] for id_ in names.keys() - chosen} == {("loaded", 20, None)}
    assert rows(
        playground,
        "select count(*) from strava_raw.stream_fetches f where sample_count <> "
        "(select count(*) from strava_raw.streams s where s.activity_id = f.activity_id)",
    ) == [(0,)]
    reasons = [error for status, _, error in found.values() if status == "failed"]
    assert None not in reasons
    count("archive_files_hurt", len(chosen))


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_zip_with_bits_flipped_anywhere_is_told_or_read(
    playground: Path, tmp_path: Path, round_: int
) -> None:
    seed = SEED + round_
    rng = random.Random(seed)
    print(f"seed {seed}")
    archive = tmp_path / "export.zip"
    write_export(archive, uniform_history(6, samples=20, seed=seed))
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as members:
        directory = members.start_dir
    for _ in range(5):
        changed = bytearray(content)
        for _ in range(rng.choice([1, 3, 20])):
            place = rng.choice([rng.randrange(len(content)), rng.randrange(directory, len(content))])
            changed[place] ^= 1 << rng.randrange(8)
        archive.write_bytes(changed)
        done = run("import", playground, expect=None, ARCHIVE=str(archive))
        assert done.returncode in (0, 2), done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 1, done.stderr
    count("archives_hurt", 5)

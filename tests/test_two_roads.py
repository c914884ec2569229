"""One athlete by the API and by the archive: the same marts, and each activity with its best source."""

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness import PLENTY, assert_equal_to_strava, last_line, made_once, make_playground, rows, run
from tests.rounds import small
from tests.simulated_strava import Activity, SimulatedStrava, every_kind, streams_of
from tests.simulated_strava.activities_csv import Variant
from tests.simulated_strava.export import write_export, write_unpacked

HISTORY = [*small(21, 24), *every_kind()]
ATHLETE = "[athlete]\nftp_w = 240\nthreshold_pace_s_per_km = 265\n"


def archive_of(activities: Sequence[Activity], path: Path, **more: Any) -> Path:
    write_export(path, activities, **more)
    return path


def bare(folder: Path, config: str = "") -> Path:
    folder.mkdir(mode=0o700)
    (folder / "config.toml").touch(mode=0o600)
    (folder / "config.toml").write_text(config)
    return folder


def served(activities: Sequence[Activity], **more: Any) -> SimulatedStrava:
    return SimulatedStrava(activities, read_limit=PLENTY, overall_limit=PLENTY, **more)


def asked_for_streams(strava: SimulatedStrava) -> list[int]:
    """The activities whose streams were asked for."""
    return sorted(int(path.split("/")[-2]) for _, path, *_ in strava.requests if path.endswith("/streams"))


def origins(playground: Path, table: str = "activities") -> dict[int, str]:
    key = "id" if table == "activities" else "activity_id"
    return dict(rows(playground, f"select distinct {key}, origin from strava_raw.{table}"))


# ---- the same marts

# What the archive cannot have as the API has it, by mart and column: `None` is not compared, a number is the largest
# difference (in the column's unit), a text the largest one as a share.
FLOAT32 = "1e-6"  # the table of the archive has numbers of 32 bits
GRADE = "0.015"  # no grade stream: the slope of the altitude, which FIT has in steps of 0.2 m
GPX = "0.002"  # no distance in a GPX file: from its positions
DIFFERENCES: dict[str, dict[str, float | str | None]] = {
    "activities": {
        "origin": None,
        # In no column of the archive.
        **dict.fromkeys(
            (
                "is_trainer",
                "is_private",
                "visibility",
                "kudos_count",
                "athlete_count",
                "summary_polyline",
                "timezone",
            )
        ),
        "max_power_w": None,
        "workout_kind": None,  # it marks races and long runs, no workouts
        "device_name": None,  # as the recording says it
        # Of the recording's first point; its last one is not where the summaries of every kind end.
        **dict.fromkeys(("start_lat", "start_lng"), 1e-3),
        **dict.fromkeys(("end_lat", "end_lng")),
        **dict.fromkeys(("gap_pace_s_per_km", "gap_distance_m", "efficiency_factor", "training_load"), GRADE),
        "gap_moving_time_s": "0.02",  # moving: from speeds and pauses, to meet the summary's moving time
        "decoupling_pct": 1.5,
        "average_cadence_spm": 0.1,
    },
    "agreement": {"ours": "0.02", "difference_pct": 3.0},
    "athlete_settings": dict.fromkeys(("sex_source", "weight_kg_source", "ftp_w_source")),
    "best_efforts": {
        "elapsed_time_s": GPX,
        "pace_s_per_km": GPX,
        "start_time_s": None,  # of efforts that are nearly equal another one may be the fastest
        "average_heartrate_bpm": None,  # that of the stretch
        "effort_started_at": None,
        "rank_all_time": 3.0,
    },
    "critical_speed": {"critical_speed_m_per_s": GPX, "d_prime_m": "0.1", "standard_error_m_per_s": 0.01},
    "daily_training_load": {
        **dict.fromkeys(
            ("training_load", "fitness", "fatigue", "monotony", "strain", "acute_chronic_ratio"), GRADE
        ),
        "form": 0.1,
        "form_pct": 1.0,
        "ramp_7d": 0.1,
    },
    "durability": {"value": GRADE, "share_of_best_pct": 1.0},
    "gear": {"is_primary": None, "is_retired": None, "nickname": None, "strava_distance_m": None},
    # A second more is moving, or above the threshold.
    "intervals": {
        **dict.fromkeys(("start_time_s", "duration_s"), 20.0),
        "distance_m": 60.0,
        "pace_s_per_km": "0.1",
        **dict.fromkeys(("average_power_w", "average_heartrate_bpm"), 5.0),
    },
    "splits": {
        "distance_m": 10.0,  # of the last one
        "elapsed_time_s": 4.0,  # of the last one: ten metres uphill
        "moving_time_s": 32.0,  # the pause may be seen a sample earlier or later
        "pace_s_per_km": None,  # follows from these
        "elevation_change_m": 1.0,
        "average_heartrate_bpm": 1.0,
        "gap_pace_s_per_km": "0.03",
        "average_cadence_spm": 1.0,
        "average_power_w": 1.0,
    },
    "time_in_zones": {
        "time_s": 400.0
    },  # seconds just below a bound by one road and just above it by the other
    # Positions in FIT are a few centimetres from those of the API: other corners are the furthest.
    "tracks": {"polyline": None, **dict.fromkeys(("south", "west", "north", "east"), 1e-5)},
    "weekly_pace": {"gap_pace_s_per_km": GRADE, "pace_change_s_per_km": 1e-4},
    "weekly_volume": {"distance_change_pct": 1e-4},
}
# Rows that the archive cannot have as the API has them.
LEFT_OUT = {
    # As long as the whole activity, where the last metres from positions decide.
    "best_efforts": "effort_distance_m >= 0.998 * (select distance_m from {activities} as whole "
    "where whole.activity_id = mart.activity_id)",
    "gear": "activity_count = 0",  # the archive has no ids of gear that no activity names
    "zones": "zone_kind = 'heartrate'",
    "time_in_zones": "zone_kind = 'heartrate'",  # nor the zones that the athlete has set on Strava
    "splits": "split_index = (select max(split_index) from {mart} as whole where whole.activity_id = mart.activity_id)"
    " and distance_m < 20",
}
KEYS = {
    "activities": "activity_id",
    "agreement": "activity_id, measure",
    "athlete_settings": "valid_from",
    "best_efforts": "activity_id, effort_distance_m",
    "climbs": "activity_id, climb_index",
    "critical_power": "month_start_date",
    "critical_speed": "month_start_date",
    "daily_training_load": "load_date",
    "durability": "activity_id, duration_s, after",
    "eddington": "sport_group, unit",
    "explorer": "zoom, explored_on",
    "gear": "gear_id",
    "intervals": "activity_id, interval_index",
    "monthly_volume": "month_start_date, sport_type",
    "power_curve": "activity_id, duration_s",
    "race_predictions": "sport_group, target_distance_m, method",
    "routes": "route_id",
    "splits": "activity_id, split_index",
    "streaks": "streak_kind, start_date",
    "tiles": "zoom, x, y",
    "time_in_zones": "activity_id, zone_kind, zone_index",
    "tracks": "activity_id",
    "weekly_pace": "week_start_date, sport_type",
    "weekly_volume": "week_start_date, sport_type",
    "year_to_date": "year, day_of_year, sport_type",
    "zones": "valid_from, zone_kind, zone_index",
}


@pytest.fixture(scope="session")
def by_both() -> tuple[Path, Path]:
    """The marts of one athlete, by the API and by the archive."""
    folder = made_once("roads", _go_both)
    return folder / "api", folder / "archive"


def _go_both(folder: Path) -> None:
    with served(HISTORY) as strava:
        run("refresh", make_playground(folder / "api", strava, ATHLETE))
    archive = bare(folder / "archive", ATHLETE)
    run("import", archive, ARCHIVE=str(archive_of(HISTORY, folder / "export.zip")))
    run("transform", archive)


def test_every_mart_is_compared(by_both: tuple[Path, Path]) -> None:
    marts = rows(by_both[0], "select table_name from duckdb_tables()", "marts.duckdb")
    assert sorted(KEYS) == sorted(name for (name,) in marts)


@pytest.mark.parametrize("mart", sorted(KEYS))
def test_both_roads_lead_to_the_same_mart(by_both: tuple[Path, Path], mart: str) -> None:
    keys = ["athlete_id", *KEYS[mart].split(", ")]
    with duckdb.connect() as connection:
        for name, playground in zip(("api", "archive"), by_both, strict=True):
            connection.execute(f"attach '{playground}/marts.duckdb' as {name} (read_only)")
            left_out = LEFT_OUT.get(mart, "false").format(
                mart=f"{name}.{mart}", activities=f"{name}.activities"
            )
            connection.execute(
                f"create table {name}_rows as select * from {name}.{mart} as mart where not ({left_out})"
            )
        columns = connection.sql("select * from api_rows limit 0").columns
        assert connection.sql("select * from archive_rows limit 0").columns == columns
        both = [
            connection.sql(f"select {', '.join(keys)} from {name}_rows order by all").fetchall()
            for name in ("api", "archive")
        ]
        assert both[0] == both[1], "other rows"
        values = [name for name in columns if name not in keys]
        for api, archive in zip(
            *(
                connection.sql(
                    f"select {', '.join(keys + values)} from {name}_rows order by {', '.join(keys)}"
                ).fetchall()
                for name in ("api", "archive")
            ),
            strict=True,
        ):
            key = api[: len(keys)]
            for name, one, other in zip(values, api[len(keys) :], archive[len(keys) :], strict=True):
                assert_near(one, other, DIFFERENCES.get(mart, {}).get(name, FLOAT32), (mart, key, name))


def assert_near(api: Any, archive: Any, allowed: float | str | None, where: Any) -> None:
    if allowed is None:
        return
    if isinstance(api, float | int) and isinstance(archive, float | int) and not isinstance(api, bool):
        limit = abs(api) * float(allowed) + 1e-9 if isinstance(allowed, str) else allowed
        assert abs(api - archive) <= limit, (where, api, archive)
    else:
        assert api == archive, where


# ---- living with the API


def test_the_api_after_the_archive_asks_for_no_samples_that_the_archive_gave(tmp_path: Path) -> None:
    history = small(22, 20)
    lost = next(a for a in history if streams_of(a))
    with served(history) as strava:
        playground = make_playground(tmp_path / "p", strava)
        archive = archive_of(history, tmp_path / "export.zip")
        from tests.odd_archives import with_filename

        [(name,)] = [(n,) for n in _file_names(archive, lost.id)]
        with_filename(archive, tmp_path / "odd.zip", name)
        run("import", playground, ARCHIVE=str(tmp_path / "odd.zip"))
        assert strava.requests == []
        samples = rows(playground, "select count(*) from strava_raw.streams")
        run("extract", playground)
        # The one that the archive had no file of, and nothing else.
        assert asked_for_streams(strava) == [lost.id]
        assert set(origins(playground).values()) == {"api"}
        assert origins(playground, "streams") == {
            a.id: "api" if a is lost else "archive" for a in history if streams_of(a)
        }
        assert_equal_to_strava(playground, strava, streams=False)
        [(more,)] = rows(playground, "select count(*) from strava_raw.streams")
        assert more == samples[0][0] + len((streams_of(lost) or {})["time"])
        before = len(strava.requests)
        run("extract", playground)
        later = [path.rpartition("/")[2] for _, path, *_ in strava.requests[before:]]
        assert later == ["activities"] * 2  # the look-back window and its end
        # Whoever wants Strava's own samples gets them.
        run("extract", playground, FULL="1")
        assert_equal_to_strava(playground, strava)


def _file_names(archive: Path, activity_id: int) -> list[str]:
    import csv
    import io
    import zipfile

    table = csv.reader(io.StringIO(zipfile.ZipFile(archive).read("activities.csv").decode()))
    titles, *lines = table
    return [line[titles.index("Filename")] for line in lines if line[0] == str(activity_id)]


def test_an_activity_that_has_changed_since_the_archive_is_asked_for(tmp_path: Path) -> None:
    history = small(22, 12)
    with served(history) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("import", playground, ARCHIVE=str(archive_of(history, tmp_path / "export.zip")))
        changed = next(a.id for a in reversed(history) if streams_of(a))
        strava.crop(changed)
        run("extract", playground)
        assert asked_for_streams(strava) == [changed]
        assert_equal_to_strava(playground, strava, streams=False)


@pytest.mark.parametrize("year", [2018, 2020])
def test_a_distance_that_an_old_archive_has_cut_off_is_no_change(tmp_path: Path, year: int) -> None:
    history = small(22, 12)
    archive = archive_of(history, tmp_path / "export.zip", variant=Variant(year=year))
    with served(history) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("import", playground, ARCHIVE=str(archive))
        [(without,)] = rows(
            playground, "select count(*) from strava_raw.activities where moving_time is null"
        )
        assert without == len(history)
        status = run("status", playground).stdout
        assert f"{len(history)} of them without a moving time" in status
        if year == 2018:
            run("transform", playground)
            paces = "select count(*) from marts.activities where pace_s_per_km = elapsed_pace_s_per_km"
            moved = sum(a.summary["distance"] > 0 for a in history)
            assert rows(playground, paces, "marts.duckdb") == [(moved,)]
        run("extract", playground)
        assert asked_for_streams(strava) == []
        assert_equal_to_strava(playground, strava, streams=False)


def test_the_archive_after_the_api_changes_nothing(tmp_path: Path) -> None:
    history = small(22, 12)
    with served(history) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground)
        deleted = history[3].id
        strava.delete(deleted)
        run("extract", playground, FULL="1")
        archive = archive_of(history, tmp_path / "export.zip")
        done = run("import", playground, ARCHIVE=str(archive))
        assert "0 new activities, 0 changed; 0 recordings loaded" in done.stdout
        assert set(origins(playground).values()) == {"api"}
        # What is deleted on Strava stays so, though the archive still has it.
        assert rows(playground, "select id from strava_raw.activities where deleted_at is not null") == [
            (deleted,)
        ]
        assert_equal_to_strava(playground, strava)


def test_samples_that_the_api_has_not_given_yet_come_from_the_archive(tmp_path: Path) -> None:
    history = small(22, 12)
    with SimulatedStrava(history, read_limit=(6, 1000), overall_limit=PLENTY) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("extract", playground, WAIT="no")
        given = set(asked_for_streams(strava))
        assert given
        run("import", playground, ARCHIVE=str(archive_of(history, tmp_path / "export.zip")))
    assert set(origins(playground).values()) == {"api"}
    assert origins(playground, "streams") == {
        a.id: "api" if a.id in given else "archive" for a in history if streams_of(a)
    }


def test_a_newer_archive_replaces_an_older_one_whichever_comes_first(tmp_path: Path) -> None:
    history = small(22, 10)
    renamed = history[4]
    newer = [a.with_summary(name="Another name") if a is renamed else a for a in history[1:]]
    newer += [a for a in every_kind() if a.summary["name"]][:1]
    day = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    old = archive_of(history, tmp_path / "old.zip", modified_at=day)
    new = archive_of(newer, tmp_path / "new.zip", modified_at=day + dt.timedelta(days=9))
    held = []
    for order in ((old, new), (new, old)):
        playground = bare(tmp_path / f"{order[0].stem}-first")
        for archive in order:
            run("import", playground, ARCHIVE=str(archive))
        held.append(
            rows(
                playground,
                "select id, name, a.archive_name, f.archive_name, sample_count, deleted_at from strava_raw.activities a "
                "join strava_raw.stream_fetches f on f.activity_id = a.id order by id",
            )
        )
    assert held[0] == held[1]
    names = {id_: (name, archive, of_file) for id_, name, archive, of_file, *_ in held[0]}
    assert names[renamed.id] == ("Another name", "new.zip", "new.zip")
    # An archive without it says nothing of it.
    assert names[history[0].id] == (history[0].summary["name"], "old.zip", "old.zip")
    assert all(deleted_at is None for *_, deleted_at in held[0])


def test_a_newer_archive_with_the_same_files_reads_none_of_them(tmp_path: Path) -> None:
    history = small(22, 10)
    day = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    playground = bare(tmp_path / "p")
    run("import", playground, ARCHIVE=str(archive_of(history, tmp_path / "old.zip", modified_at=day)))
    later = archive_of(history, tmp_path / "new.zip", modified_at=day + dt.timedelta(days=9))
    done = run("import", playground, ARCHIVE=str(later))
    [loaded] = [json.loads(line) for line in (playground / "runs.jsonl").read_text().splitlines()][1:]
    assert loaded["new"] == loaded["changed"] == 0, done.stdout
    names = rows(playground, "select distinct archive_name from strava_raw.stream_fetches")
    assert names == [("new.zip",)]


def test_the_api_of_another_athlete_is_refused_and_nothing_is_loaded(tmp_path: Path) -> None:
    history = small(22, 12)
    folder = tmp_path / "export"
    write_unpacked(folder, history[:3])
    profile = folder / "profile.csv"
    profile.write_text(profile.read_text().replace("24392837", "99"))
    with served(history) as strava:
        playground = make_playground(tmp_path / "p", strava)
        run("import", playground, ARCHIVE=str(folder))
        before = rows(playground, "select id, origin from strava_raw.activities order by id")
        done = run("extract", playground, expect=2)
        assert "history of athlete 24392837, and what is loaded is of athlete 99" in last_line(done)
        assert rows(playground, "select id, origin from strava_raw.activities order by id") == before


# ---- what a listing may say of an archive's activities


def test_a_listing_deletes_what_the_archive_has_only_where_it_sees_private_activities(tmp_path: Path) -> None:
    history = small(22, 12)
    for scopes, gone in (("read,activity:read", []), ("read,activity:read_all", [history[2].id])):
        with served(history) as strava:
            playground = make_playground(tmp_path / scopes.replace(":", "-"), strava)
            run("import", playground, ARCHIVE=str(archive_of(history, tmp_path / "export.zip")))
            strava.delete(history[2].id)
            of_app = {
                "client_id": strava.client_id,
                "api_url": strava.api_url,
                "oauth_url": strava.oauth_url,
            }
            # As `make authorize` learns them: from the redirect alone.
            tokens = {
                "access_token": strava.issue_access_token(scopes),
                "expires_at": 4102444800,
                "scope": scopes,
            }
            (playground / "tokens.json").touch(mode=0o600)
            (playground / "tokens.json").write_text(
                json.dumps({**tokens, **of_app, "refresh_token": "unused"})
            )
            run("extract", playground)
            found = rows(playground, "select id from strava_raw.activities where deleted_at is not null")
            assert [id_ for (id_,) in found] == gone, scopes


def test_no_listing_says_anything_of_mere_recordings(tmp_path: Path) -> None:
    history = small(22, 12)
    with served(history[:6]) as strava:
        playground = make_playground(tmp_path / "p", strava)
        folder = tmp_path / "watch"
        folder.mkdir()
        write_export(tmp_path / "export.zip", history[6:])
        shutil.unpack_archive(tmp_path / "export.zip", folder)
        (folder / "activities.csv").unlink()
        shutil.rmtree(folder / "routes")
        run("import", playground, ARCHIVE=str(folder))
        count = sum(bool(streams_of(a)) for a in history[6:])
        run("extract", playground, FULL="1", ALLOW_DELETES="1")
        alive = rows(
            playground,
            "select count(*) filter (where id < 0), count(*) from strava_raw.activities "
            "where deleted_at is null",
        )
        assert alive == [(count, count + 6)]
        assert all(id_ > 0 for id_ in asked_for_streams(strava))

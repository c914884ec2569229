"""config.toml and the environment: every mistake is one line that names the key and the file."""

import datetime as dt
import json
import os
import re
import subprocess
import traceback
from pathlib import Path

import pytest
import yaml

from pipelines.errors import UserError
from pipelines.playground import Playground
from pipelines.settings import ENVIRONMENT_PREFIX, SECTIONS, Settings, load_settings
from pipelines.settings.athlete import Athlete

GOOD = '[strava]\nclient_id = "1"\nclient_secret = "s"\ncode = "c"\n'


def load(tmp_path: Path, text: str | None, credentials: bool = True) -> Settings:
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    return load_settings(Playground(tmp_path), credentials=credentials)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, "config.toml is missing"),
        ("[strava]\nclient_id = 12\n", "strava.client_id"),
        ('[strava]\nclient_id = "1"\n', "strava.client_secret is missing"),
        ('[strava]\nclient_id = "…"\nclient_secret = "s"\n', "strava.client_id"),
        (GOOD + "clientid = 1\n", "unknown key strava.clientid"),
        (GOOD + "[strav]\n", "unknown key 'strav'"),
        (GOOD + 'lookback_days = "30"\n', "strava.lookback_days"),
        (GOOD + "lookback_days = -1\n", "strava.lookback_days"),
        (GOOD + "lookback_days = true\n", "strava.lookback_days"),
        (GOOD + 'start_date = "yesterday"\n', "strava.start_date"),
        (GOOD + 'streams = ["time", "power"]\n', "strava.streams"),
        (GOOD + 'api_url = "strava.com"\n', "strava.api_url"),
        (GOOD + 'api_url = "https://"\n', "strava.api_url"),
        (GOOD + 'api_url = "http://h:99999/x"\n', "strava.api_url"),
        (GOOD + 'oauth_url = "http://[::1/x"\n', "strava.oauth_url"),
        (GOOD + 'oauth_url = "http://a b"\n', "strava.oauth_url"),
        (GOOD + f"lookback_days = {'[' * 10_000}\n", "not valid TOML"),
        (GOOD + '[marts]\nweek_start = "friday"\n', "marts.week_start"),
        (GOOD + '[report]\nunits = "miles"\n', "report.units"),
        (GOOD + "[report]\nprivacy_radius_m = -1\n", "report.privacy_radius_m"),
        (GOOD + "[report]\nprivacy_radius_m = 5001\n", "from 0 to 5000 (metres; 0 for no privacy zones)"),
        (GOOD + '[athlete]\nsex = "X"\n', "athlete.sex"),
        (GOOD + "[athlete]\nftp_w = 0\n", "athlete.ftp_w"),
        (GOOD + "[athlete]\nftp_w = nan\n", "athlete.ftp_w"),
        (GOOD + "[athlete]\nhistory = 3\n", "athlete.history"),
        (GOOD + '[athlete]\n"a\\nb" = 3\n', r"athlete.'a\nb'"),
        (GOOD + "client_id =\n", "not valid TOML"),
        ("strava = 3\n", "strava"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key_and_the_file(
    tmp_path: Path, text: str | None, named: str
) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert named in message
    assert str(tmp_path / "config.toml") in message
    assert "\n" not in message


def test_the_template_is_refused_until_it_is_filled_in(tmp_path: Path) -> None:
    template = Path(__file__).parent.parent / "Playground" / "config.template.toml"
    with pytest.raises(UserError, match="placeholder"):
        load(tmp_path, template.read_text())


def test_all_keys_of_the_contract_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        GOOD + 'start_date = 2020-02-03\nlookback_days = 7\nfull_listing_hours = 0\nstreams = ["heartrate"]\n'
        'api_url = "http://127.0.0.1:1/api/"\n[athlete]\nftp_w = 250\nsex = "F"\n[marts]\nweek_start = "sunday"\n',
    )
    strava = settings.strava
    assert (strava.start_date, strava.lookback_days, strava.full_listing_hours) == (dt.date(2020, 2, 3), 7, 0)
    assert strava.streams == ("time", "heartrate")
    assert strava.api_url == "http://127.0.0.1:1/api"
    assert settings.athlete.ftp_w == 250


def test_the_environment_overrides_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__STRAVA__CLIENT_SECRET", "other")
    monkeypatch.setenv("SOURCES__STRAVA__LOOKBACK_DAYS", "3")
    monkeypatch.setenv("ATHLETE__FTP_W", "199")
    settings = load(tmp_path, GOOD)
    assert settings.strava.client_secret == "other"
    assert settings.strava.lookback_days == 3
    assert settings.athlete.ftp_w == 199
    assert "other" not in repr(settings)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + GOOD).strava.client_id == "1"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may write everywhere
    try:
        with pytest.raises(UserError, match="cannot be written"):
            Playground(tmp_path).prepare()
    finally:
        os.seteuid(user)


def test_what_cannot_be_a_playground_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, said in (("file", "is no folder"), ("a#b", "has a # or ?"), ("a?b", "has a # or ?")):
        with pytest.raises(UserError, match=re.escape(said)):
            Playground(tmp_path / name).check()


def test_the_command_that_begins_a_playground_works(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    for name in ("new/with space", "$dollar", "it's"):
        playground = Playground(tmp_path / name)
        subprocess.run(["sh", "-c", playground.begin()], check=True, cwd=root)
        assert playground.config.exists()


def test_the_readme_names_every_key_and_every_target() -> None:
    root = Path(__file__).parent.parent
    readme = (root / "README.md").read_text()
    for section, cls in SECTIONS.items():
        for key in cls.model_fields:
            assert f"`{section}.{key}`" in readme, f"{section}.{key}"
    makefile = (root / "Makefile").read_text()
    for line in makefile.splitlines():
        if ":" in line and "## " in line and line[0].isalpha():
            target = line.split(":")[0]
            assert f"make {target}" in readme, target
    assert ENVIRONMENT_PREFIX["strava"] + "CLIENT_SECRET" in readme


ATHLETE = "[athlete]\nmax_heartrate_bpm = 190\n"
MARCH = "\n[[athlete.history]]\nfrom = 2025-03-01\n"
APRIL = '\n[[ athlete . "history" ]]\nfrom = "2025-04-01"\n'


@pytest.mark.parametrize(
    ("key", "wrong", "said"),
    [
        ("max_heartrate_bpm", "99", "a number from 100 to 240 (beats per minute)"),
        ("max_heartrate_bpm", "241", "a number from 100 to 240 (beats per minute)"),
        ("resting_heartrate_bpm", "24.9", "a number from 25 to 120 (beats per minute)"),
        ("resting_heartrate_bpm", "121", "a number from 25 to 120 (beats per minute)"),
        ("threshold_heartrate_bpm", '"170"', "a number from 25 to 240 (beats per minute)"),
        ("ftp_w", "29", "a number from 30 to 600 (watts)"),
        ("ftp_w", "99999", "a number from 30 to 600 (watts)"),
        ("weight_kg", "true", "a number from 25 to 250 (kilograms)"),
        ("weight_kg", "inf", "a number from 25 to 250 (kilograms)"),
        ("threshold_pace_s_per_km", "4.25", 'in quotes such as "4:15", which 4.25 minutes are'),
        ("threshold_pace_s_per_km", "3.8", 'in quotes such as "3:48", which 3.8 minutes are'),
        ("threshold_pace_s_per_km", "119", 'in quotes such as "4:15"'),
        ("threshold_pace_s_per_km", "1201", "seconds per kilometre from 120 to 1200"),
        ("threshold_pace_s_per_km", '"4:75"', 'in quotes such as "4:15"'),
        ("threshold_pace_s_per_km", '"1:59"', 'in quotes such as "4:15"'),
        ("threshold_pace_s_per_km", '"4:15/km"', 'in quotes such as "4:15"'),
        ("threshold_pace_s_per_km", "[255]", 'in quotes such as "4:15"'),
        ("heartrate_zones_bpm", "[120, 110]", "a list of up to 9 rising numbers from 25 to 240"),
        ("heartrate_zones_bpm", "[120, 120]", "the lower bounds of zones 2 and up"),
        ("heartrate_zones_bpm", "[150, 140]", "a list of up to 9 rising numbers"),
        ("heartrate_zones_bpm", "140", "zones 2 and up, or [] for those of Strava or the default"),
        ("power_zones_pct", "[0, 75]", "a list of up to 9 rising numbers from 1 to 1000 (per cent of FTP)"),
        ("power_zones_pct", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "a list of up to 9 rising numbers"),
        ("power_zones_pct", '["75"]', "zones 2 and up, or [] for the default"),
        ("gap_model", '"minetti"', '"heartrate" or "energy"'),
        ("fitness_days", "0", "a number from 1 to 365 (days)"),
        ("fatigue_days", "366", "a number from 1 to 365 (days)"),
        ("marathon_exponent", "0.9", "a number from 1 to 1.5"),
        ("duration_load_per_h", "501", "a number from 0 to 500 (load of an hour)"),
    ],
)
def test_a_value_that_no_body_has_is_refused_and_what_is_meant_is_said(
    tmp_path: Path, key: str, wrong: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, GOOD + f"[athlete]\n\n{key} = {wrong}\n")
    name = f"athlete.{key} in {tmp_path / 'config.toml'} (line 7) must be "
    assert str(caught.value).startswith(name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MARCH + "ftp_w = 9999", "athlete.history.ftp_w in FILE (line 6) must be a number from 30 to 600"),
        ("[[athlete.history]]\nftp_w = 200", "athlete.history.from in FILE (line 3) is missing: write the date"),
        (MARCH + APRIL + MARCH, "history.from in FILE (line 11) must be another date than athlete.history.from in FILE (line 5)"),
        (MARCH + "ftp = 200", "unknown key athlete.history.ftp in FILE (line 6): delete it or correct it; known are"),
        (MARCH + "from_ = 2025-01-01", "unknown key athlete.history.from_ in FILE (line 6)"),
        (MARCH + "gap_model = 'energy'", "athlete.history.gap_model in FILE (line 6) cannot change on a day: move it"),
        (MARCH + "fitness_days = 40", "athlete.history.fitness_days in FILE (line 6) cannot change on a day"),
        (MARCH + "fatigue_days = 8", "athlete.history.fatigue_days in FILE (line 6) cannot change on a day"),
        (MARCH + "marathon_exponent = 1", "athlete.history.marathon_exponent in FILE (line 6) cannot change on a day"),
        (MARCH + "power_zones_pct = [\n 90,\n 80,\n]", "athlete.history.power_zones_pct in FILE (line 6) must be"),
        ("[[athlete.history]]\nfrom = 1900-01-01", "history.from in FILE (line 4) must be a date after 1900-01-01"),
        ("[[athlete.history]]\nfrom = 'soon'", "athlete.history.from in FILE (line 4) must be a date such as"),
        ("[athlete.history]\nfrom = 2025-03-01", "athlete.history in FILE (line 3) must be blocks: write [[athlete.history]]"),
        ("history = [3]", "athlete.history in FILE (line 3) must be blocks"),
        # Contradictions, in the period in which they come up; the blocks stand in no order.
        ("resting_heartrate_bpm = 120\nmax_heartrate_bpm = 110", "not valid TOML"),
        ("threshold_heartrate_bpm = 190", "athlete.threshold_heartrate_bpm in FILE (line 3) must be below athlete.max_heartrate_bpm in FILE (line 2): correct one of them"),
        ("threshold_heartrate_bpm = 60\nresting_heartrate_bpm = 60", "athlete.resting_heartrate_bpm in FILE (line 4) must be below athlete.threshold_heartrate_bpm in FILE (line 3)"),
        (APRIL + "max_heartrate_bpm = 119\n" + MARCH + "resting_heartrate_bpm = 120", "athlete.history.max_heartrate_bpm in FILE (line 6) must be above athlete.history.resting_heartrate_bpm in FILE (line 10)"),
        (APRIL + "max_heartrate_bpm = 120\n" + MARCH + "resting_heartrate_bpm = 120", "athlete.history.max_heartrate_bpm in FILE (line 6) must be above"),
        (APRIL + "threshold_heartrate_bpm = 170\n" + MARCH + "threshold_heartrate_bpm = 191", "athlete.history.threshold_heartrate_bpm in FILE (line 10) must be below athlete.max_heartrate_bpm in FILE (line 2)"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_block_of_history_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, ATHLETE + text, credentials=False)
    message = str(caught.value).replace(str(tmp_path / "config.toml"), "FILE")
    assert said in message
    assert "\n" not in message


def test_the_keys_of_a_block_are_named_as_they_are_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"known are .*, duration_load_per_h, from$"):
        load(tmp_path, ATHLETE + MARCH + "from_ = 2025-01-01", credentials=False)


def test_lines_are_counted_in_files_of_windows_too(tmp_path: Path) -> None:
    text = (ATHLETE + MARCH + "ftp_w = 9999\n").replace("\n", "\r\n")
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    with pytest.raises(UserError, match=r"\(line 6\)"):
        load(tmp_path, None, credentials=False)


def test_the_models_get_blocks_by_date_names_of_the_file_and_no_default(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        ATHLETE
        + 'threshold_pace_s_per_km = "4:15"\ngap_model = "energy"\nheartrate_zones_bpm = [\n 120, 140.5\n]\n'
        + APRIL
        + "weight_kg = 70"
        + MARCH
        + "threshold_pace_s_per_km = 250\n",
        credentials=False,
    )
    assert settings.variables == {
        "max_heartrate_bpm": 190,
        "threshold_pace_s_per_km": 255,
        "gap_model": "energy",
        "heartrate_zones_bpm": [120, 140.5],
        "athlete_history": [
            {"from": "2025-04-01", "weight_kg": 70},
            {"from": "2025-03-01", "threshold_pace_s_per_km": 250},
        ],
        "week_start": "monday",
    }
    assert load(tmp_path, "", credentials=False).variables == {"athlete_history": [], "week_start": "monday"}


def test_every_default_of_the_models_is_a_key(tmp_path: Path) -> None:
    project = yaml.safe_load((Path(__file__).parent.parent / "dbt_project" / "dbt_project.yml").read_text())
    keys = {*Athlete.model_fields, "athlete_history", *SECTIONS["marts"].model_fields}
    assert set(project["vars"]) <= keys
    defaults = "".join(
        f"{key} = {json.dumps(value)}\n"
        for key, value in project["vars"].items()
        if key in Athlete.model_fields
    )
    assert load(tmp_path, "[athlete]\n" + defaults, credentials=False).variables == project["vars"]


def test_the_environment_has_paces_and_lists_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATHLETE__THRESHOLD_PACE_S_PER_KM", "4:15")
    monkeypatch.setenv("ATHLETE__HEARTRATE_ZONES_BPM", "[120, 140.5]")
    monkeypatch.setenv("ATHLETE__POWER_ZONES_PCT", "60, 90")
    monkeypatch.setenv("ATHLETE__MAX_HEARTRATE_BPM", "180")
    athlete = load(tmp_path, ATHLETE, credentials=False).athlete
    assert athlete.threshold_pace_s_per_km == 255
    assert athlete.heartrate_zones_bpm == (120, 140.5)
    assert athlete.power_zones_pct == (60, 90)
    assert athlete.max_heartrate_bpm == 180
    monkeypatch.setenv("ATHLETE__THRESHOLD_PACE_S_PER_KM", "255")
    assert load(tmp_path, ATHLETE, credentials=False).athlete.threshold_pace_s_per_km == 255
    for variable, wrong, said in (
        ("ATHLETE__THRESHOLD_PACE_S_PER_KM", "4.25", 'such as "4:15", which 4.25 minutes are'),
        ("ATHLETE__THRESHOLD_PACE_S_PER_KM", "fast", 'such as "4:15"'),
        ("ATHLETE__POWER_ZONES_PCT", "60, easy", "rising numbers"),
        ("ATHLETE__HISTORY", "from=2025", "blocks"),
        ("ATHLETE__THRESHOLD_HEARTRATE_BPM", "185", r"below athlete.max_heartrate_bpm in the environment (ATHLETE__MAX_HEARTRATE_BPM)"),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setenv(variable, wrong)
            with pytest.raises(UserError) as caught:
                load(tmp_path, ATHLETE, credentials=False)
        assert f"in the environment ({variable}) must be " in str(caught.value)
        assert said in str(caught.value)


@pytest.mark.parametrize("wrong", ["12345678", '["hidden-secret"]', "{ hidden-secret = 1 }", "true"])
@pytest.mark.parametrize("key", ["client_secret", "code"])
def test_a_wrong_value_is_never_shown(tmp_path: Path, key: str, wrong: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, f'[strava]\nclient_id = "1"\n{key} = {wrong}\n')
    assert str(caught.value).endswith("config.toml (line 3) must be a text in quotes: correct it")
    said = "".join(traceback.format_exception(caught.value))
    assert "12345678" not in said
    assert "hidden-secret" not in said


def test_secrets_are_not_in_settings_that_are_printed(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, GOOD.replace('"s"', '"first-secret"').replace('"c"', '"second-secret"')))
    assert "client_id='1'" in shown
    assert "secret" not in shown


def test_a_wrong_value_of_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__STRAVA__STREAMS", "heartrate, power")
    with pytest.raises(UserError, match=r"strava.streams in the environment \(SOURCES__STRAVA__STREAMS\)"):
        load(tmp_path, GOOD)
    monkeypatch.setenv("SOURCES__STRAVA__STREAMS", '["heartrate", "time"]')
    assert load(tmp_path, GOOD).strava.streams == ("time", "heartrate")


def test_what_a_playground_keeps_secret_is_taken_out_of_any_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('\ufeff[strava]\nclient_secret = "of-config"\ncode = "no code"\n')
    (tmp_path / "tokens.json").write_text('{"access_token": "of-tokens", "refresh_token": 3}')
    monkeypatch.setenv("SOURCES__STRAVA__CODE", "of-environment")
    text = f"of-config, no code, of-tokens, of-environment, {'a1' * 20}, abc"
    assert Playground(tmp_path).redact(text) == "***, ***, ***, ***, ***, abc"

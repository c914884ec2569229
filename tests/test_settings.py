"""config.toml and the environment: every mistake is one line that names the key and the file."""

import datetime as dt
import os
import re
import subprocess
import traceback
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.playground import Playground
from pipelines.settings import ENVIRONMENT_PREFIX, SECTIONS, Settings, load_settings

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
        (GOOD + '[athlete]\nsex = "X"\n', "athlete.sex"),
        (GOOD + "[athlete]\nftp_w = 0\n", "athlete.ftp_w"),
        (GOOD + "[athlete]\nftp_w = nan\n", "athlete.ftp_w"),
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


@pytest.mark.parametrize("wrong", ["12345678", '["hidden-secret"]', "{ hidden-secret = 1 }", "true"])
@pytest.mark.parametrize("key", ["client_secret", "code"])
def test_a_wrong_value_is_never_shown(tmp_path: Path, key: str, wrong: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, f'[strava]\nclient_id = "1"\n{key} = {wrong}\n')
    assert str(caught.value).endswith("config.toml must be a text in quotes: correct it")
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

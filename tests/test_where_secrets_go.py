"""Secrets go to the addresses that they were issued for, and a listing of nothing deletes nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from pipelines import addresses
from pipelines.errors import UserError
from pipelines.strava.api import StravaSession
from pipelines.strava.oauth import App, Authorisation, go_straight
from pipelines.strava.quota import Quota
from pipelines.strava.tokens import MemoryTokens
from tests.harness import last_line, rows, run
from tests.simulated_strava import SimulatedStrava, uniform_history


def stored(playground: Path) -> dict[str, Any]:
    tokens: dict[str, Any] = json.loads((playground / "tokens.json").read_text())
    return tokens


# ---- addresses


@pytest.mark.parametrize(
    "address",
    [
        "http://www.strava.com/api/v3",
        "http://192.168.0.2:8000/api",
        "http://localhost.evil.example/api",
        "http://127.0.0.1.evil.example/api",
        "http://0.0.0.0/api",
        "https://www.strava.com@evil.example/api",
        "https://user:word@www.strava.com/api",
        "https://evil.example/?x=www.strava.com",
        "https://evil.example?",
        "https://evil.example/#/api",
        "https://evil.example\\@www.strava.com",
        "ftp://www.strava.com/",
        "https://",
        "https://www.strava.com:0/",
    ],
)
@pytest.mark.parametrize("key", ["api_url", "oauth_url"])
def test_address_that_others_could_read_is_refused(playground: Path, address: str, key: str) -> None:
    assert not addresses.is_safe(address)
    if key == "oauth_url" and "evil" in address:
        return  # the key is the same type: some suffice for a process each
    config = playground / "config.toml"
    config.write_text(re.sub(rf'{key} = ".*"', f"{key} = '{address}'", config.read_text()))
    done = run("extract", playground, expect=2)
    assert f"strava.{key}" in last_line(done)
    assert "https://" in last_line(done)
    assert not (playground / "tokens.json").exists()


@pytest.mark.parametrize(
    "address",
    ["https://api-v3.strava.com", "http://localhost:1/x", "http://127.8.9.1", "http://[::1]:8080/api"],
)
def test_address_of_a_server_or_of_this_machine_is_fine(address: str) -> None:
    assert addresses.is_safe(address)


def test_source_takes_no_such_address() -> None:
    with pytest.raises(UserError, match=re.escape("strava.api_url")):
        App("1", "secret", api_url="http://evil.example/api")


# ---- what tokens were issued for


def test_tokens_name_what_they_were_issued_for(playground: Path, strava: SimulatedStrava) -> None:
    run("extract", playground)
    tokens = stored(playground)
    assert (tokens["client_id"], tokens["api_url"], tokens["oauth_url"]) == (
        strava.client_id,
        strava.api_url,
        strava.oauth_url,
    )


@pytest.mark.parametrize("key", ["api_url", "oauth_url", "client_id"])
def test_tokens_are_sent_nowhere_else(playground: Path, strava: SimulatedStrava, key: str) -> None:
    run("extract", playground)
    before = stored(playground)
    with SimulatedStrava(uniform_history(3)) as other:
        config = playground / "config.toml"
        right = config.read_text()
        value = getattr(other, key) if key != "client_id" else "999"
        config.write_text(re.sub(rf'{key} = ".*"', f'{key} = "{value}"', right))
        asked = len(strava.requests)
        done = run("extract", playground, expect=2)
        assert f"another strava.{key}" in last_line(done)
        assert "make authorize" in last_line(done)
        assert other.requests == []
        assert len(strava.requests) == asked
        assert stored(playground) == before
        config.write_text(right)
        run("extract", playground)


def test_tokens_of_before_are_completed(playground: Path, strava: SimulatedStrava) -> None:
    run("extract", playground)
    tokens = stored(playground)
    old = {name: value for name, value in tokens.items() if name not in ("api_url", "oauth_url")}
    (playground / "tokens.json").write_text(json.dumps(old))
    asked = strava.count("token")
    run("extract", playground)
    assert stored(playground) == tokens
    assert strava.count("token") == asked


# ---- the environment


def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine strava.example login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    request = requests.Request("POST", "https://strava.example/oauth/token")
    with requests.Session() as session:
        assert "Authorization" in session.prepare_request(request).headers  # as requests does by itself
        go_straight(session, "https://strava.example")
        assert "Authorization" not in session.prepare_request(request).headers
    app = App("1", "secret", "https://strava.example/oauth", "https://strava.example/api")
    authorisation = Authorisation(app, MemoryTokens())
    with StravaSession(authorisation, Quota(), lambda _: None) as session:
        assert "Authorization" not in session.prepare_request(request).headers


def test_proxy_is_for_other_machines(playground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unencrypted request to this machine would tell the proxy the token."""
    nowhere = "http://127.0.0.1:9"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    run("extract", playground)
    with requests.Session() as session:
        go_straight(session, "https://strava.example")
        found = session.merge_environment_settings("https://strava.example", {}, False, None, None)
        assert found["proxies"]["https"] == nowhere


# ---- a listing of nothing


def test_empty_listing_deletes_nothing(playground: Path, strava: SimulatedStrava) -> None:
    run("extract", playground)
    for id_ in list(strava.activities):
        strava.delete(id_)
    done = run("extract", playground, FULL="1")
    assert "3 of 3 activities are no longer listed: nothing was marked deleted" in done.stdout + done.stderr
    deleted = "select count(*) from strava_raw.activities where deleted_at is not null"
    assert rows(playground, deleted) == [(0,)]
    run("extract", playground, ALLOW_DELETES="1")
    assert rows(playground, deleted) == [(3,)]

"""The simulated Strava does what the real one is known to do: what all other tests stand on."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.simulated_strava import SimulatedStrava, every_kind, history, streams_of, uniform_history

ALL_KEYS = "time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"
RATE_HEADERS = {
    "X-Ratelimit-Limit",
    "X-Ratelimit-Usage",
    "X-Readratelimit-Limit",
    "X-Readratelimit-Usage",
}


@pytest.fixture
def strava() -> Iterator[SimulatedStrava]:
    with SimulatedStrava(every_kind()) as simulated:
        simulated.clock = dt.datetime(2026, 5, 1, 12, 7, tzinfo=dt.UTC).timestamp  # no window ends
        yield simulated


def get(strava: SimulatedStrava, path: str, scopes: str | None = None, **params: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {strava.issue_access_token(scopes)}"}
    return requests.get(strava.api_url + path, params=params, headers=headers, timeout=10)


def rates(answer: requests.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in RATE_HEADERS}


def test_every_route_answers(strava: SimulatedStrava) -> None:
    run = strava.visible_activities()[0]["id"]
    paths = [
        "/athlete",
        "/athlete/zones",
        "/athlete/activities",
        f"/activities/{run}/streams?keys={ALL_KEYS}",
    ]
    for path in paths:
        answer = get(strava, path)
        assert answer.status_code == 200, path
        assert isinstance(answer.json(), dict | list)
    assert get(strava, "/nonsense").status_code == 404
    assert strava.errors == []


def test_the_order_depends_on_the_parameters_and_an_empty_list_is_the_end(strava: SimulatedStrava) -> None:
    def starts(**params: Any) -> list[str]:
        return [row["start_date"] for row in get(strava, "/athlete/activities", **params).json()]

    newest_first = sorted((row["start_date"] for row in strava.visible_activities()), reverse=True)
    assert starts() == newest_first
    assert starts(before=4_000_000_000) == newest_first
    assert starts(before=4_000_000_000, after=1) == newest_first
    assert starts(after=1) == newest_first[::-1]
    assert starts(per_page=10, page=3) == newest_first[20:]
    assert starts(per_page=10, page=4) == []
    ids = [row["id"] for row in strava.visible_activities()]
    assert ids != sorted(ids, reverse=True), "one was uploaded late"


def test_too_long_pages_are_cut(strava: SimulatedStrava) -> None:
    many = history(seed=1, years=1, end=dt.date(2026, 5, 1))
    for activity in many:
        strava.add(activity)
    assert len(get(strava, "/athlete/activities", per_page=500).json()) == 200 < len(many)


def test_rate_headers_lie_where_the_real_ones_do(strava: SimulatedStrava) -> None:
    run = strava.visible_activities()[0]["id"]
    assert rates(get(strava, "/athlete"))["X-Readratelimit-Usage"] == "1,1"
    assert rates(get(strava, f"/activities/{run}/streams", keys="time")) == {}
    # Three reads, streams among them.
    found = rates(get(strava, "/athlete"))
    assert (found["X-Readratelimit-Usage"], found["X-Ratelimit-Usage"]) == ("3,3", "3,3")
    assert rates(get(strava, "/athlete", scopes="none")) == {}, "a 401 has none"


def test_a_429_counts_and_both_windows_end_by_the_clock(strava: SimulatedStrava) -> None:
    strava.read_limit = (2, 5)
    assert [get(strava, "/athlete").status_code for _ in range(4)] == [200, 200, 429, 429]
    strava.advance(900)
    assert [get(strava, "/athlete").status_code for _ in range(2)] == [200, 429]
    strava.advance(86400)
    assert get(strava, "/athlete").status_code == 200
    strava.use_quota(requests=2)  # another app
    assert get(strava, "/athlete").status_code == 429


def test_tokens_follow_strava_s_rules(strava: SimulatedStrava) -> None:
    def token(**form: str) -> requests.Response:
        form = {"client_id": strava.client_id, "client_secret": strava.client_secret, **form}
        return requests.post(strava.oauth_url + "/token", data=form, timeout=10)

    code = strava.issue_code()
    first = token(grant_type="authorization_code", code=code).json()
    assert (first["expires_in"], "scope" in first) == (21600, False)
    used = token(grant_type="authorization_code", code=code)
    assert (used.status_code, used.json()["errors"][0]["field"]) == (400, "code")
    again = token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert again["access_token"] == first["access_token"], "still good for more than an hour"
    strava.rotation = "rotate_and_kill"
    strava.advance(21600 - 1800)
    rotated = token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert rotated["access_token"] != first["access_token"]
    dead = token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (dead.status_code, dead.json()["errors"][0]["field"]) == (400, "refresh_token")
    assert token(grant_type="refresh_token", refresh_token="x", client_secret="y").status_code == 401
    headers = {"Authorization": f"Bearer {rotated['access_token']}"}
    assert requests.get(strava.api_url + "/athlete", headers=headers, timeout=10).status_code == 200
    strava.revoke()
    assert requests.get(strava.api_url + "/athlete", headers=headers, timeout=10).status_code == 401


def test_scopes_decide_what_is_seen(strava: SimulatedStrava) -> None:
    refused = get(strava, "/athlete/activities", scopes="read")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "missing")
    some = get(strava, "/athlete/activities", scopes="read,activity:read").json()
    everything = get(strava, "/athlete/activities").json()
    assert len(some) == len(everything) - sum(row["private"] for row in everything) < len(everything)
    assert get(strava, "/athlete/zones", scopes="read").status_code == 401


def test_streams_have_the_quirks_of_the_real_ones(strava: SimulatedStrava) -> None:
    rows = {row["sport_type"]: row for row in strava.visible_activities() if not row["manual"]}
    run, weights = rows["Run"]["id"], rows["WeightTraining"]["id"]
    manual = next(row["id"] for row in strava.visible_activities() if row["manual"])
    keyed = get(strava, f"/activities/{run}/streams", keys=ALL_KEYS, key_by_type="true").json()
    assert {item["series_type"] for item in keyed.values()} == {"distance"}
    assert len({len(item["data"]) for item in keyed.values()}) == 1
    assert set(get(strava, f"/activities/{run}/streams", keys="latlng,time", key_by_type="true").json()) == {
        "latlng",
        "time",
        "distance",
    }
    for keys in ("", "nonsense", ["time", "latlng"]):
        answer = get(strava, f"/activities/{run}/streams", keys=keys, key_by_type="true").json()
        assert "distance" in answer
        assert len(answer) <= 2
    indoors = get(strava, f"/activities/{weights}/streams", keys=ALL_KEYS, key_by_type="true").json()
    assert not {"latlng", "altitude", "grade_smooth"} & set(indoors)
    none = get(strava, f"/activities/{manual}/streams", keys=ALL_KEYS, key_by_type="true")
    assert (none.status_code, none.json()) == (404, {"message": "Resource Not Found", "errors": []})


def test_streams_agree_with_their_summary(strava: SimulatedStrava) -> None:
    for row in strava.visible_activities():
        streams = strava.streams_of(row["id"])
        assert (streams is None) == row["manual"]
        if streams is None:
            continue
        assert streams["distance"][-1] == pytest.approx(row["distance"], abs=0.06)
        assert streams["time"][-1] == row["elapsed_time"]
        assert streams["distance"] == sorted(streams["distance"])
        assert streams["time"] == sorted(set(streams["time"]))
        assert ("heartrate" in streams) == row["has_heartrate"] == ("average_heartrate" in row)
        assert ("latlng" in streams) == bool(row["start_latlng"])


def test_fields_are_absent_null_or_empty_as_strava_s(strava: SimulatedStrava) -> None:
    rows = strava.visible_activities()
    for row in rows:
        assert (row["upload_id"] is None) == row["manual"] == ("upload_id_str" not in row)
        assert ("workout_type" in row) == (
            row["sport_type"] in {"Run", "TrailRun", "Ride", "Workout", "WeightTraining"}
        )
        assert row["start_date_local"].endswith("Z"), "a false Z"
        assert (row["map"]["summary_polyline"] == "") == (row["start_latlng"] == [])
    assert {type(row["total_elevation_gain"]) for row in rows} == {int, float}, "numbers flip"
    assert any(row["name"] == "" for row in rows)
    assert any(row["moving_time"] == row["elapsed_time"] + 1 for row in rows)
    assert any("+05:30" in row["timezone"] for row in rows)
    assert any(row["timezone"].startswith("(GMT+01:00)") and row["utc_offset"] == 7200 for row in rows)


def test_a_uniform_history_of_one_more_is_the_same_and_one_that_is_newer() -> None:
    some, more = uniform_history(4, samples=60), uniform_history(5, samples=60)
    assert more[:-1] == some
    assert more[-1].summary["start_date"] > max(activity.summary["start_date"] for activity in some)
    assert len({activity.id for activity in more}) == 5
    assert {len(values) for activity in more for values in (streams_of(activity) or {}).values()} == {60}

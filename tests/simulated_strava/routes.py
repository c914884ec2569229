"""The API's answers: the listing, streams, the athlete and his zones. What no code of ours asks for is not there."""

import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING, Any

import orjson

from tests.simulated_strava.answers import Answer, fault_body
from tests.simulated_strava.athlete import ATHLETE_ID, Activity
from tests.simulated_strava.streams import streams_of

if TYPE_CHECKING:
    from tests.simulated_strava.server import SimulatedStrava

PER_PAGE_MAX = 200
HEARTRATE_ZONES = [{"min": low, "max": high} for low, high in itertools.pairwise([0, 115, 143, 157, 171, -1])]


def answer(strava: "SimulatedStrava", path: str, params: dict[str, str], token: str) -> Answer:
    """`GET` of the API's path, with the token's scopes and within the quota."""
    expires_at, scopes = strava.access_tokens.get(token, (0.0, ""))
    if expires_at <= strava.now():
        return 401, fault_body("Authorization Error", ("Athlete", "access_token", "invalid")), {}
    if not strava.app_active:
        return 403, fault_body("Forbidden", ("Application", "Status", "Inactive")), {}
    parts = path.strip("/").split("/")
    within = strava.use_quota()
    headers = {} if parts[-1] == "streams" else strava.rate_headers()
    if not within:
        body: Any = fault_body("Rate Limit Exceeded", ("Application", "overall rate limit", "exceeded"))
        return 429, body, strava.rate_headers()
    needed, field = _needed_scope(parts)
    if needed not in scopes:
        return 401, fault_body("Authorization Error", ("AccessToken", field, "missing")), {}
    status, body = _resource(strava, parts, params, scopes)
    if strava.mutate_answer and status == 200:
        body = orjson.loads(body if isinstance(body, bytes) else orjson.dumps(body))
        return status, json.dumps(strava.mutate_answer(path, body)).encode("ascii"), headers
    return status, body, headers


def _needed_scope(parts: list[str]) -> tuple[str, str]:
    """The scope, and the field that a refusal names."""
    if "activities" in parts:
        return "activity:read", "activity:read_permission"
    if parts == ["athlete", "zones"]:
        return "profile:read_all", "profile:read_all_permission"
    return "read", "read_permission"


def _resource(
    strava: "SimulatedStrava", parts: list[str], params: dict[str, str], scopes: str
) -> tuple[int, Any]:
    match parts:
        case ["athlete"]:
            return 200, athlete("profile:read_all" in scopes)
        case ["athlete", "zones"]:
            return 200, {"heart_rate": {"custom_zones": False, "zones": HEARTRATE_ZONES}}
        case ["athlete", "activities"]:
            return 200, _listing(strava, params, scopes)
        case ["activities", id_, "streams"] if id_.isdigit():
            activity = strava.activities.get(int(id_))
            if activity is None or (activity.summary["private"] and "activity:read_all" not in scopes):
                return 404, fault_body("Resource Not Found", ("Activity", "", "not found"))
            return _streams(strava, activity, params)
    return 404, fault_body("Resource Not Found")


def athlete(is_detailed: bool) -> dict[str, Any]:
    """The athlete in full, with gear and weight, or as without the scope for it."""
    found: dict[str, Any] = {
        "id": ATHLETE_ID,
        "username": "sample_athlete",
        "resource_state": 3 if is_detailed else 2,
        "firstname": "Sam",
        "lastname": "Sample",
        "city": "Sampleton",
        "country": "",
        "sex": "F",
        "created_at": "2016-11-22T19:05:35Z",
        "updated_at": "2024-09-21T12:57:32Z",
    }
    if is_detailed:
        item = {"resource_state": 2, "retired": False, "converted_distance": 1.0, "nickname": None}
        found |= {"weight": 62.5, "ftp": None, "measurement_preference": "meters"}
        found["bikes"] = [
            {**item, "id": "b16008312", "primary": True, "name": "Acme Tourer 4", "distance": 1184207},
            {**item, "id": "b16008399", "primary": False, "name": "Acme Trainer", "distance": 812207},
        ]
        found["shoes"] = [
            {
                **item,
                "id": f"g{18894801 + n * 11}",
                "primary": n == 0,
                "name": f"Acme Runner {n + 4}",
                "distance": 460668,
            }
            for n in range(4)
        ] + [
            {
                **item,
                "id": "g3226082",
                "primary": False,
                "name": "Acme Runner 1",
                "distance": 0,
                "retired": True,
            }
        ]
    return found


def _listing(strava: "SimulatedStrava", params: dict[str, str], scopes: str) -> list[dict[str, Any]]:
    """`after` alone lists oldest first, everything else newest first; `[]` is the end."""
    rows = strava.visible_activities(scopes)
    more = 1 if strava.inclusive_bounds else 0

    def epoch(row: dict[str, Any]) -> float:
        return dt.datetime.fromisoformat(row["start_date"]).timestamp()

    if "before" in params:
        rows = [row for row in rows if epoch(row) < int(params["before"]) + more]
    if "after" in params:
        rows = [row for row in rows if epoch(row) > int(params["after"]) - more]
        if "before" not in params:
            rows.reverse()
    per_page = min(int(params.get("per_page", 30)), PER_PAGE_MAX)
    if strava.short_pages:
        per_page = max(per_page - 7, 1)
    first = (int(params.get("page", 1)) - 1) * per_page
    return rows[first : first + per_page]


def _streams(strava: "SimulatedStrava", activity: Activity, params: dict[str, str]) -> tuple[int, Any]:
    if activity.id in strava.corrupted:
        return 500, {"message": "error"}
    is_pending = activity.id in strava.streams_pending
    if activity.id in strava.served_streams and not is_pending:
        return 200, strava.served_streams[activity.id]
    data = None if is_pending else streams_of(activity)
    if data is None:
        return 404, fault_body("Resource Not Found")
    asked = (params.get("keys") or "").split(",")
    # `distance` always comes; unknown or mangled keys bring nothing else.
    return 200, keyed({name: data[name] for name in data if name == "distance" or name in asked})


def keyed(data: dict[str, list[Any]]) -> dict[str, Any]:
    """As with `key_by_type=true`, which all code of ours asks for."""
    return {
        name: {
            "data": values,
            "series_type": "distance",
            "original_size": len(values),
            "resolution": "high",
        }
        for name, values in data.items()
    }

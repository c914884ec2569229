"""The simulated Strava: a real HTTP server on loopback with the API's orders, quirks, limits and errors.

It has more routes than extraction asks for (laps, zones, stats, gear, uploads): whoever extends the extraction
finds them with their traps.
"""

import datetime as dt
import html
import itertools
import json
import random
import secrets
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from tests import clock
from tests.simulated_strava.athlete import ATHLETE_ID, Activity, manual_activity, streams_of

ALL_SCOPES = "read,activity:read_all,profile:read_all"
PER_PAGE_MAX = 200
HEARTRATE_ZONES = [{"min": low, "max": high} for low, high in itertools.pairwise([0, 115, 143, 157, 171, -1])]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer."""

    status: int | None = None
    reset: bool = False
    truncate: bool = False
    empty: bool = False
    stall_s: float = 0
    body: bytes | None = None


class SimulatedStrava:
    """State, mutations and switches of one Strava; a context manager that serves it."""

    def __init__(
        self,
        activities: Iterable[Activity] = (),
        *,
        read_limit: tuple[int, int] = (100, 1000),
        overall_limit: tuple[int, int] = (200, 2000),
        seed: int = 0,
    ) -> None:
        self.lock = threading.RLock()
        self.rng = random.Random(seed)
        self.activities = {activity.id: activity for activity in activities}
        self.deleted: dict[int, Activity] = {}
        self.client_id, self.client_secret = "12345", f"{self.rng.getrandbits(160):040x}"
        self.read_limit, self.overall_limit = read_limit, overall_limit
        self.rotation = "same"
        self.granted_scopes = ALL_SCOPES
        self.codes: dict[str, str] = {}
        self.access_tokens: dict[str, tuple[float, str]] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.token_lifetime_s = 21600
        self.clock: Callable[[], float] = clock.now
        self._advanced = 0.0
        self._window, self._day, self._used = 0, 0, {"overall": [0, 0], "read": [0, 0]}
        self.streams_have_rate_headers, self.streams_count = False, True
        self.short_pages, self.inclusive_bounds, self.long_pages_are_refused = False, False, False
        self.app_active = True
        self.corrupted: set[int] = set()
        self.streams_pending: set[int] = set()
        self.fault: Callable[[str, str, int], Fault | None] | None = None
        self.mutate_answer: Callable[[str, Any], Any] | None = None
        self.before_answer: Callable[[str, dict[str, str]], Any] | None = None
        self.requests: list[tuple[str, str, dict[str, str], int]] = []
        self.errors: list[str] = []
        self.served_streams: dict[int, Any] = {}

    # --- serving -------------------------------------------------------------------------------------

    def __enter__(self) -> "SimulatedStrava":
        return self.start()

    def start(self, port: int = 0) -> "SimulatedStrava":
        strava = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                pass  # a client that was killed

        self.server = Server(("127.0.0.1", port), type("Handler", (Handler,), {"strava": strava}))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.api_url, self.api_url_2027 = self.url + "/api/v3", self.url + "/v3-2027"
        self.oauth_url = self.url + "/oauth"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def now(self) -> float:
        return self.clock() + self._advanced

    def advance(self, seconds: float) -> None:
        self._advanced += seconds

    # --- what tests ask --------------------------------------------------------------------------------

    def count(self, kind: str) -> int:
        ends = {
            "listing": "/athlete/activities",
            "streams": "/streams",
            "athlete": "/athlete",
            "zones": "/athlete/zones",
            "token": "/oauth/token",
        }
        with self.lock:
            return sum(path.endswith(ends[kind]) for _, path, _, _ in self.requests)

    @property
    def count_429(self) -> int:
        return sum(status == 429 for *_, status in self.requests)

    def visible_activities(self, scopes: str | None = None) -> list[dict[str, Any]]:
        """Summaries as listed, newest first."""
        may_see_all = "activity:read_all" in (self.granted_scopes if scopes is None else scopes)
        with self.lock:
            rows = [a.summary for a in self.activities.values() if may_see_all or not a.summary["private"]]
        return sorted(rows, key=lambda row: (row["start_date"], row["id"]), reverse=True)

    def streams_of(self, id_: int) -> dict[str, list[Any]] | None:
        with self.lock:
            activity = self.activities[id_]
        return streams_of(activity) if id_ not in self.corrupted | self.streams_pending else None

    # --- mutations -----------------------------------------------------------------------------------------

    def _edit(self, id_: int, **changes: Any) -> None:
        with self.lock:
            self.activities[id_] = self.activities[id_].with_summary(**changes)

    def add(self, activity: Activity) -> None:
        with self.lock:
            self.activities[activity.id] = activity

    def rename(self, id_: int, name: str) -> None:
        self._edit(id_, name=name)

    def change_sport(self, id_: int, sport: str) -> None:
        self._edit(id_, sport_type=sport)

    def change_gear(self, id_: int, gear_id: str | None) -> None:
        self._edit(id_, gear_id=gear_id)

    def crop(self, id_: int, share: float = 0.8) -> None:
        """Cut the end off: distance, times and samples."""
        with self.lock:
            summary = self.activities[id_].summary
            moving = max(int(summary["moving_time"] * share), 1)
            pause = max(summary["elapsed_time"] - summary["moving_time"], 0)
            self._edit(
                id_,
                distance=round(summary["distance"] * share, 1),
                moving_time=moving,
                elapsed_time=moving + pause,
            )

    def delete(self, id_: int) -> None:
        with self.lock:
            self.deleted[id_] = self.activities.pop(id_)

    def restore(self, id_: int) -> None:
        with self.lock:
            self.activities[id_] = self.deleted.pop(id_)

    def make_private(self, id_: int) -> None:
        self._edit(id_, private=True, visibility="only_me")

    def hide_start_time(self, id_: int) -> None:
        """Strava then shows midnight and one second, local and in UTC."""
        with self.lock:
            summary = self.activities[id_].summary
            local = summary["start_date_local"][:10] + "T00:00:01Z"
            start = dt.datetime.fromisoformat(local) - dt.timedelta(seconds=summary["utc_offset"])
            self._edit(id_, start_date_local=local, start_date=start.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def drift_kudos(self) -> None:
        with self.lock:
            for id_ in list(self.activities):
                self._edit(
                    id_, kudos_count=self.activities[id_].summary["kudos_count"] + self.rng.randrange(2)
                )

    def corrupt(self, id_: int) -> None:
        self.corrupted.add(id_)

    def set_streams_pending(self, id_: int, pending: bool) -> None:
        (self.streams_pending.add if pending else self.streams_pending.discard)(id_)

    def deactivate_app(self) -> None:
        self.app_active = False

    def revoke(self) -> None:
        with self.lock:
            self.access_tokens.clear()
            self.refresh_tokens.clear()

    def expire_access_tokens(self) -> None:
        with self.lock:
            self.access_tokens = {token: (0, scopes) for token, (_, scopes) in self.access_tokens.items()}

    def issue_code(self, scopes: str | None = None) -> str:
        code = secrets.token_hex(20)
        with self.lock:
            self.codes[code] = self.granted_scopes if scopes is None else scopes
        return code

    def issue_access_token(self, scopes: str | None = None) -> str:
        token = secrets.token_hex(20)
        granted = self.granted_scopes if scopes is None else scopes
        with self.lock:
            self.access_tokens[token] = (self.now() + self.token_lifetime_s, granted)
        return token

    # --- quota -----------------------------------------------------------------------------------------------

    def use_quota(self, kinds: tuple[str, ...] = ("overall", "read"), requests: int = 1) -> bool:
        """Count requests, of this app or of another one that shares the quota; whether they were within the limits.

        A rejected request counts, too.
        """
        with self.lock:
            window, day = int(self.now() // 900), int(self.now() // 86400)
            for kind, used in self._used.items():
                if day != self._day:
                    used[:] = [0, 0]
                elif window != self._window:
                    used[0] = 0
                if kind in kinds:
                    used[:] = [used[0] + requests, used[1] + requests]
            self._window, self._day = window, day
            limits = {"overall": self.overall_limit, "read": self.read_limit}
            return all(self._used[kind][i] <= limits[kind][i] for kind in kinds for i in (0, 1))

    def rate_headers(self) -> dict[str, str]:
        return {
            "X-Ratelimit-Limit": "{},{}".format(*self.overall_limit),
            "X-Ratelimit-Usage": "{},{}".format(*self._used["overall"]),
            "X-Readratelimit-Limit": "{},{}".format(*self.read_limit),
            "X-Readratelimit-Usage": "{},{}".format(*self._used["read"]),
        }


def fault_body(message: str, *errors: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "message": message,
        "errors": [{"resource": resource, "field": field, "code": code} for resource, field, code in errors],
    }


def detailed(summary: dict[str, Any]) -> dict[str, Any]:
    """`GET /activities/{id}`: more than the summary, and fields that only recordings have."""
    more: dict[str, Any] = {"resource_state": 3, "description": None, "calories": 321.0}
    more |= {"perceived_exertion": None, "photos": {"primary": None, "count": 0}, "segment_efforts": []}
    return {**summary, **more}


def laps(activity: Activity) -> list[dict[str, Any]]:
    """One lap over all; none of a manual activity."""
    data = streams_of(activity)
    if data is None:
        return []
    names = ("distance", "moving_time", "elapsed_time", "start_date", "start_date_local", "average_speed")
    lap = {name: activity.summary[name] for name in names}
    return [
        {
            **lap,
            "id": 2**60 + activity.id,
            "name": "Lap 1",
            "start_index": 0,
            "end_index": len(data["time"]) - 1,
        }
    ]


def heartrate_zones(activity: Activity) -> list[dict[str, Any]]:
    """Samples in each of the athlete's heart-rate zones."""
    beats = [beat for beat in (streams_of(activity) or {}).get("heartrate", []) if beat is not None]
    if not beats:
        return []
    buckets = [
        {
            **zone,
            "time": sum(zone["min"] <= beat and (beat < zone["max"] or zone["max"] < 0) for beat in beats),
        }
        for zone in HEARTRATE_ZONES
    ]
    return [
        {"type": "heartrate", "sensor_based": True, "custom_zones": False, "distribution_buckets": buckets}
    ]


def stats(rows: list[dict[str, Any]], now: float) -> dict[str, Any]:
    """`GET /athletes/{id}/stats`: totals of what everyone may see."""
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    begins = {"recent": today - dt.timedelta(weeks=4), "ytd": today.replace(month=1, day=1), "all": None}
    answer: dict[str, Any] = {"biggest_ride_distance": None}
    for span, begin in begins.items():
        for sport in ("Ride", "Run", "Swim"):
            its = [
                row
                for row in rows
                if row["type"] == sport
                and row["visibility"] == "everyone"
                and (begin is None or dt.datetime.fromisoformat(row["start_date"]) >= begin)
            ]
            answer[f"{span}_{sport.lower()}_totals"] = {
                "count": len(its),
                "distance": sum(row["distance"] for row in its),
                "moving_time": float(sum(row["moving_time"] for row in its)),
                "elapsed_time": sum(row["elapsed_time"] for row in its),
                "elevation_gain": sum(row["total_elevation_gain"] for row in its),
            }
    return answer


class Handler(BaseHTTPRequestHandler):
    """One connection; `strava` is set by the server."""

    strava: SimulatedStrava
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PUT(self) -> None:
        self._handle("PUT")

    def _handle(self, method: str) -> None:
        strava = self.strava
        url = urllib.parse.urlsplit(self.path)
        params = {key: values[-1] for key, values in urllib.parse.parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            form = urllib.parse.parse_qs(self.rfile.read(length).decode())
            params |= {key: values[-1] for key, values in form.items()}
        try:
            if strava.before_answer:
                strava.before_answer(url.path, params)
            fault = strava.fault(method, url.path, len(strava.requests)) if strava.fault else None
            if fault and self._fail(method, url.path, params, fault):
                return
            status, body, headers = self._route(method, url.path, params)
            self._answer(
                method, url.path, params, status, body, headers, truncate=bool(fault and fault.truncate)
            )
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was killed
        except Exception as error:
            strava.errors.append(f"{method} {self.path}: {error!r}")
            raise

    def _fail(self, method: str, path: str, params: dict[str, str], fault: Fault) -> bool:
        """Whether the fault took the place of the answer."""
        if fault.stall_s:
            self._record(method, path, params, 0)
            time.sleep(fault.stall_s)
            return False
        if fault.reset:
            self._record(method, path, params, 0)
            self.strava.use_quota()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()
            return True
        if fault.status or fault.empty or fault.body is not None:
            self.strava.use_quota()
            status = fault.status or 200
            body: Any = fault.body or b""
            if fault.body is None and fault.status:
                body = {
                    404: fault_body("Resource Not Found"),
                    429: fault_body("Rate Limit Exceeded", ("Application", "overall rate limit", "exceeded")),
                    **dict.fromkeys((502, 503, 504), b"<!DOCTYPE html><html><title>gateway</title></html>"),
                }.get(fault.status, {"message": "error"})
            self._answer(method, path, params, status, body, {})
            return True
        return False

    def _record(self, method: str, path: str, params: dict[str, str], status: int) -> None:
        with self.strava.lock:
            self.strava.requests.append((method, path, params, status))

    def _answer(
        self,
        method: str,
        path: str,
        params: dict[str, str],
        status: int,
        body: Any,
        headers: dict[str, str],
        truncate: bool = False,
    ) -> None:
        self._record(method, path, params, status)
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        self.send_response_only(status)
        self.send_header("Content-Type", headers.pop("Content-Type", "application/json; charset=utf-8"))
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if truncate:
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)
        self.wfile.flush()

    # --- routes ------------------------------------------------------------------------------------------

    def _route(self, method: str, path: str, params: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if path.startswith("/oauth/"):
            return self._oauth(method, path.removeprefix("/oauth/"), params)
        for base in ("/api/v3", "/v3-2027"):
            if path.startswith(base + "/"):
                return self._api(method, path.removeprefix(base), params)
        return 404, fault_body("Resource Not Found"), {}

    def _api(self, method: str, path: str, params: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        strava = self.strava
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        expires_at, scopes = strava.access_tokens.get(token, (0.0, ""))
        if expires_at <= strava.now():
            return 401, fault_body("Authorization Error", ("Athlete", "access_token", "invalid")), {}
        if not strava.app_active:
            return 403, fault_body("Forbidden", ("Application", "Status", "Inactive")), {}
        parts = path.strip("/").split("/")
        is_streams, is_write = parts[-1] == "streams", method != "GET"
        is_counted = strava.streams_count or not is_streams
        within = not is_counted or strava.use_quota(("overall",) if is_write else ("overall", "read"))
        headers = {} if is_streams and not strava.streams_have_rate_headers else strava.rate_headers()
        if is_write:
            headers["X-Readratelimit-Usage"] = ","
        if parts == ["push_subscriptions"]:
            headers |= dict.fromkeys(headers, "0,0")
        if not within:
            body = fault_body("Rate Limit Exceeded", ("Application", "overall rate limit", "exceeded"))
            return 429, body, strava.rate_headers()
        needed, field = self._needed_scope(method, parts)
        if needed not in scopes:
            return 401, fault_body("Authorization Error", ("AccessToken", field, "missing")), {}
        status, body = self._write(parts, params) if is_write else self._resource(parts, params, scopes)
        if strava.mutate_answer and status == 200:
            body = orjson.loads(body if isinstance(body, bytes) else orjson.dumps(body))
            body = strava.mutate_answer(path, body)
            return status, json.dumps(body).encode("ascii"), headers
        return status, body, headers

    def _needed_scope(self, method: str, parts: list[str]) -> tuple[str, str]:
        """The scope, and the field that a refusal names."""
        if method != "GET":
            return "activity:write", "write_permission"
        if "activities" in parts:
            return "activity:read", "activity:read_permission"
        if parts == ["athlete", "zones"]:
            return "profile:read_all", "profile:read_all_permission"
        return "read", "read_permission"

    def _write(self, parts: list[str], params: dict[str, str]) -> tuple[int, Any]:
        """`POST /activities` makes a manual activity, `PUT /activities/{id}` renames one."""
        strava = self.strava
        match parts:
            case ["activities"]:
                missing = [name for name in ("name", "sport_type", "start_date_local") if name not in params]
                if missing:
                    return 400, fault_body(
                        "Bad Request", *(("Activity", name, "missing") for name in missing)
                    )
                local = dt.datetime.fromisoformat(params["start_date_local"]).replace(tzinfo=dt.UTC)
                activity = manual_activity(params["sport_type"], params["name"], local)
                strava.add(activity)
                return 201, detailed(activity.summary)
            case ["activities", id_] if id_.isdigit() and int(id_) in strava.activities:
                strava.rename(int(id_), params.get("name", ""))
                return 200, detailed(strava.activities[int(id_)].summary)
        return 404, fault_body("Resource Not Found", ("Activity", "", "not found"))

    def _resource(self, parts: list[str], params: dict[str, str], scopes: str) -> tuple[int, Any]:
        strava = self.strava
        match parts:
            case ["athlete"]:
                return 200, self._athlete("profile:read_all" in scopes)
            case ["athlete", "zones"]:
                return 200, {"heart_rate": {"custom_zones": False, "zones": HEARTRATE_ZONES}}
            case ["athlete", "activities"]:
                if strava.long_pages_are_refused and int(params.get("per_page", 30)) > PER_PAGE_MAX:
                    return 400, fault_body("Bad Request", ("Activity", "per_page", "invalid"))
                return 200, self._listing(params, scopes)
            case ["activities", id_, *rest] if id_.isdigit():
                activity = strava.activities.get(int(id_))
                if activity is None or (activity.summary["private"] and "activity:read_all" not in scopes):
                    return 404, fault_body("Resource Not Found", ("Activity", "", "not found"))
                match rest:
                    case ["streams"]:
                        return self._streams(activity, params)
                    case ["laps"]:
                        return 200, laps(activity)
                    case ["zones"]:
                        return 200, heartrate_zones(activity)
                    case []:
                        if activity.id in strava.corrupted:
                            return 500, {"message": "error"}
                        return 200, detailed(activity.summary)
            case ["athletes", id_, "stats"]:
                if id_ != str(ATHLETE_ID):
                    return 403, fault_body("Forbidden", ("Athlete", "id", "invalid"))
                return 200, stats(strava.visible_activities(), strava.now())
            case ["gear", id_]:
                for item in (*self._athlete(True)["bikes"], *self._athlete(True)["shoes"]):
                    if item["id"] == id_:
                        return 200, {
                            **item,
                            "resource_state": 3,
                            "brand_name": "Acme",
                            "model_name": item["name"],
                        }
            case ["push_subscriptions"]:
                return 200, []
        return 404, fault_body("Resource Not Found")

    def _athlete(self, is_detailed: bool) -> dict[str, Any]:
        athlete: dict[str, Any] = {
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
            athlete |= {"weight": 62.5, "ftp": None, "measurement_preference": "meters"}
            athlete["bikes"] = [
                {**item, "id": "b16008312", "primary": True, "name": "Acme Tourer 4", "distance": 1184207},
                {**item, "id": "b16008399", "primary": False, "name": "Acme Trainer", "distance": 812207},
            ]
            athlete["shoes"] = [
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
        return athlete

    def _listing(self, params: dict[str, str], scopes: str) -> list[dict[str, Any]]:
        """`after` alone lists oldest first, everything else newest first; `[]` is the end."""
        strava = self.strava
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

    def _streams(self, activity: Activity, params: dict[str, str]) -> tuple[int, Any]:
        strava = self.strava
        if activity.id in strava.corrupted:
            return 500, {"message": "error"}
        pending = activity.id in strava.streams_pending
        if activity.id in strava.served_streams and not pending:
            return 200, strava.served_streams[activity.id]
        data = None if pending else streams_of(activity)
        if data is None:
            return 404, fault_body("Resource Not Found")
        asked = (params.get("keys") or "").split(",")
        # `distance` always comes; unknown or mangled keys bring nothing else.
        wanted = [name for name in data if name == "distance" or name in asked]
        answer = {
            name: {
                "data": data[name],
                "series_type": "distance",
                "original_size": len(data[name]),
                "resolution": "high",
            }
            for name in wanted
        }
        if params.get("key_by_type") == "true":
            return 200, answer
        return 200, [{"type": name, **item} for name, item in answer.items()]

    # --- OAuth ---------------------------------------------------------------------------------------------

    def _oauth(self, method: str, path: str, params: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        strava = self.strava
        if path == "authorize":
            return self._consent(params)
        if path == "token" and method == "POST":
            return (*self._token(params), {})
        if path in ("deauthorize", "revoke") and method == "POST":
            strava.revoke()
            return 200, {"access_token": "gone"}, strava.rate_headers() if path == "deauthorize" else {}
        return 404, fault_body("Resource Not Found"), {}

    def _consent(self, params: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        strava = self.strava
        if params.get("client_id") != strava.client_id:
            return 400, fault_body("Bad Request", ("Application", "client_id", "invalid")), {}
        target = params.get("redirect_uri", "")
        if urllib.parse.urlsplit(target).hostname not in ("localhost", "127.0.0.1"):
            return 400, fault_body("Bad Request", ("Application", "redirect_uri", "invalid")), {}
        decided = params.get("decision")
        if decided:
            query = {"state": params.get("state", "")}
            if decided == "cancel":
                query["error"] = "access_denied"
            else:
                ticked = [s for s in params.get("scope", "").split(",") if params.get(f"tick-{s}") == "on"]
                query |= {"code": strava.issue_code(",".join(ticked)), "scope": ",".join(ticked)}
            return 302, b"", {"Location": f"{target}?{urllib.parse.urlencode(query)}"}
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">'
            for k, v in params.items()
        )
        boxes = "".join(
            f'<p><label><input type="checkbox" id="tick-{s}" name="tick-{s}" checked> {s}</label></p>'
            for s in params.get("scope", "").split(",")
        )
        page = (
            "<!DOCTYPE html><html lang=en><title>Authorize</title><h1>Authorize the app</h1>"
            f'<form action="/oauth/authorize" method="get">{hidden}{boxes}'
            '<button id="authorize" name="decision" value="authorize">Authorize</button> '
            '<button id="cancel" name="decision" value="cancel">Cancel</button></form></html>'
        )
        return 200, page.encode(), {"Content-Type": "text/html; charset=utf-8"}

    def _token(self, params: dict[str, str]) -> tuple[int, Any]:
        strava = self.strava
        if "client_id" not in params or params["client_id"] != strava.client_id:
            code = "missing" if "client_id" not in params else "invalid"
            return 400, fault_body("Bad Request", ("Application", "client_id", code))
        if params.get("client_secret") != strava.client_secret:
            return 401, fault_body("Authorization Error", ("Application", "", "invalid"))
        with strava.lock:
            if params.get("grant_type") == "authorization_code":
                scopes = strava.codes.pop(params.get("code", ""), None)
                if scopes is None:
                    return 400, fault_body("Bad Request", ("AuthorizationCode", "code", "invalid"))
                return 200, {**self._issue(scopes, None), "athlete": self._athlete(False)}
            old = params.get("refresh_token", "")
            scopes = strava.refresh_tokens.get(old)
            if scopes is None:
                return 400, fault_body("Bad Request", ("RefreshToken", "refresh_token", "invalid"))
            return 200, self._issue(scopes, old)

    def _issue(self, scopes: str, old: str | None) -> dict[str, Any]:
        """New tokens; in its first hours the old access token comes back instead."""
        strava, now = self.strava, self.strava.now()
        refresh = old
        if old is None or strava.rotation != "same":
            refresh = secrets.token_hex(20)
            strava.refresh_tokens[refresh] = scopes
            if old and strava.rotation == "rotate_and_kill":
                del strava.refresh_tokens[old]
        valid = [t for t, (until, s) in strava.access_tokens.items() if until - now > 3600 and s == scopes]
        if old and valid:
            token, expires_at = valid[-1], strava.access_tokens[valid[-1]][0]
        else:
            token, expires_at = secrets.token_hex(20), now + strava.token_lifetime_s
            strava.access_tokens[token] = (expires_at, scopes)
        return {
            "token_type": "Bearer",
            "access_token": token,
            "expires_at": int(expires_at),
            "expires_in": int(expires_at - now),
            "refresh_token": refresh,
        }


def faster(strava: SimulatedStrava) -> None:
    """Make all stream answers beforehand, so that a bench measures the client."""
    for activity in strava.activities.values():
        data = streams_of(replace(activity))
        if data is not None:
            strava.served_streams[activity.id] = orjson.dumps(
                {
                    name: {
                        "data": v,
                        "series_type": "distance",
                        "original_size": len(v),
                        "resolution": "high",
                    }
                    for name, v in data.items()
                }
            )

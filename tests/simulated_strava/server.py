"""The simulated Strava: a state that tests change as people change theirs, and the server that answers from it."""

import datetime as dt
import random
import secrets
import threading
from collections.abc import Callable, Iterable
from http.server import ThreadingHTTPServer
from typing import Any

import orjson

from tests import clock
from tests.simulated_strava import http, routes
from tests.simulated_strava.athlete import Activity
from tests.simulated_strava.http import Fault
from tests.simulated_strava.streams import streams_of

ALL_SCOPES = "read,activity:read_all,profile:read_all"


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
        self.short_pages, self.inclusive_bounds = False, False
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

        self.server = Server(("127.0.0.1", port), type("Handler", (http.Handler,), {"strava": strava}))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.api_url, self.oauth_url = self.url + "/api/v3", self.url + "/oauth"
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


def faster(strava: SimulatedStrava) -> None:
    """Make all stream answers beforehand, so that a bench measures the client."""
    for activity in strava.activities.values():
        data = streams_of(activity)
        if data is not None:
            strava.served_streams[activity.id] = orjson.dumps(routes.keyed(data))

"""What is asked of the API, and how its answers are paged."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator

from pipelines.errors import RefusedError, RunError, UserError
from pipelines.kinds import coerce

PER_PAGE = 200
# Of a listing: 200,000 activities.
PAGES_AT_MOST = 1000
# Later than any activity: with `before` Strava lists newest first, whatever else is asked.
FAR_FUTURE = 4102444800  # 2100-01-01


def unreadable() -> RunError:
    """Return the error of a list that cannot be read to its end."""
    return RunError("Strava's list of activities could not be read: type `make extract` to try again")


class NewestFirst(BasePaginator):
    """Pages by time instead of by number: a change on Strava between two pages then shifts nothing.

    Each page begins at the second where the last one ended (Strava does not say whether `before` is
    exclusive), so that rows at the seam come twice; the listing has ended when a page brings nothing new.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before, self.page, self.seen = FAR_FUTURE, 1, set[Any]()
        self.after: int | None = None

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Find out from a page where the next one begins."""
        if response.status_code == 404:
            base = response.url.partition("/athlete/activities")[0]
            raise UserError(
                f"there is no Strava API at {base} (HTTP 404): correct strava.api_url in config.toml"
            )
        if not isinstance(response.json(), list):
            raise unreadable()
        rows = [row for row in data or [] if isinstance(row, dict)]
        new = {row.get("id") for row in rows if isinstance(row.get("id"), int)} - self.seen
        self.seen |= new
        starts = [start for row in rows if (start := start_epoch(row)) is not None]
        self._has_next_page = bool(new)
        if not new:
            return
        if not starts:  # where to go on from is unknown; what comes after would count as deleted
            raise unreadable()
        # Descending is the rule; a page the other way round moves the lower bound instead.
        ascending = len(starts) > 1 and starts[0] < starts[-1]
        bound = max(starts) - 1 if ascending else min(starts) + 1
        moved = bound != (self.after if ascending else self.before)
        self.after, self.before = (bound, self.before) if ascending else (self.after, bound)
        # More activities in one second than a page holds: only then by number.
        self.page = 1 if moved else self.page + 1

    def update_request(self, request: requests.Request) -> None:
        """Ask for the page that begins there."""
        request.params["before"], request.params["page"] = self.before, self.page
        if self.after is not None:
            request.params["after"] = self.after


def start_epoch(activity: Mapping[str, Any]) -> int | None:
    """`start_date` of a summary as epoch seconds; `None` where it is none."""
    start = coerce(activity.get("start_date"), "instant")
    return int(start.timestamp()) if isinstance(start, dt.datetime) else None


def list_activities(client: RESTClient, after: dt.datetime | None) -> Iterator[list[dict[str, Any]]]:
    """`GET /athlete/activities` in pages of summaries, newest first, each activity once.

    Ends after the last activity; raises when the listing could not be read to its end.
    """
    params: dict[str, Any] = {"per_page": PER_PAGE, "before": FAR_FUTURE, "page": 1}
    if after is not None:
        params["after"] = max(int(after.timestamp()), 0)
    seen: set[int] = set()
    pages = client.paginate(
        "/athlete/activities",
        params=params,
        paginator=NewestFirst(),
        data_selector="$",
        hooks={"response": []},  # the session has judged the answer already
    )
    for number, page in enumerate(pages, start=1):
        if number > PAGES_AT_MOST:
            raise RunError(
                f"Strava's list of activities has no end ({PAGES_AT_MOST:,} pages were read): nothing was marked "
                "deleted; type `make extract` to try again"
            )
        rows = {row["id"]: row for row in page if _has_id(row) and row["id"] not in seen}
        seen |= rows.keys()
        yield list(rows.values())


def _has_id(row: Any) -> bool:
    """A row without an id that fits BIGINT cannot be kept."""
    return isinstance(row, dict) and type(row.get("id")) is int and abs(row["id"]) < 2**63


def get_object(client: RESTClient, path: str) -> dict[str, Any]:
    """One small object. Raises RefusedError when the answer is none."""
    answer = client.get(path)
    if answer.status_code != 200:
        raise RefusedError(f"HTTP {answer.status_code}")
    body = answer.json()
    if not isinstance(body, dict):
        raise RefusedError("an answer that is no object")
    return body


def fetch_streams(client: RESTClient, activity_id: int, kinds: Sequence[str]) -> requests.Response:
    """All streams of one activity in one request. The commas stay commas: encoded they are not understood."""
    return client.get(f"/activities/{activity_id}/streams?keys={','.join(kinds)}&key_by_type=true")

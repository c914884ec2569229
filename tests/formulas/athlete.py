"""A history, and every mart of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from tests.formulas import activity, agreement, counting, curves, daily, efforts, fits, places
from tests.formulas.activity import Recorded
from tests.formulas.climbs import climbs
from tests.formulas.counting import date_of
from tests.formulas.durability import durability
from tests.formulas.intervals import intervals
from tests.formulas.recording import Recording
from tests.formulas.settings import (
    Settings,
    Strava,
    estimated_max_bpm,
    read_settings,
    settings_rows,
    zone_rows,
)
from tests.formulas.splits import splits
from tests.formulas.sports import RUNS, Row, group_of


class Athlete:
    """All marts, each as key -> values.

    Args:
        summaries: As the API lists them.
        streams: Type -> values, by activity.
        now: The instant at which the marts are built.
        config: The table `[athlete]` of config.toml, `history` among its keys.
        strava: What the API says of the athlete.
        records_s: The world records of foot sports, seconds by metres.
        first_weekday: 0 for weeks from Monday, 6 from Sunday.
    """

    def __init__(
        self,
        summaries: list[Row],
        streams: Mapping[int, dict[str, list[Any]]],
        now: dt.datetime,
        *,
        config: dict[str, Any] | None = None,
        strava: Strava | None = None,
        records_s: Mapping[float, float] | None = None,
        first_weekday: int = 0,
    ) -> None:
        self.summaries = {row["id"]: row for row in sorted(summaries, key=lambda row: row["id"])}
        recordings = {
            id_: Recording(its, group_of(self.summaries[id_]["sport_type"]))
            for id_, its in streams.items()
            if its
        }
        self.settings: Settings = read_settings(
            config or {}, strava or Strava(), estimated_max_bpm(recordings.values()), first_weekday
        )
        self.today = counting.today_of(self.summaries.values(), now)
        self._records_s = records_s or {}
        self.recorded = {
            id_: Recorded(row, recordings[id_], self.settings.on(date_of(row)), self.settings.gap_model)
            for id_, row in self.summaries.items()
            if id_ in recordings
        }
        self.metrics = {
            id_: activity.metrics(row, self.recorded.get(id_), self.settings.on(date_of(row)))
            for id_, row in self.summaries.items()
        }
        self.ways = [
            places.Way(
                id_,
                recorded.group,
                dt.datetime.fromisoformat(recorded.row["start_date"]),
                date_of(recorded.row),
                recorded.row["distance"],
                self.metrics[id_]["moving_time_s"],
                positions,
            )
            for id_, recorded in self.recorded.items()
            if (positions := places.positions(recorded.recording))
        ]
        route_ids = places.route_ids(self.ways)
        for id_, values in self.metrics.items():
            values["route_id"] = route_ids.get(id_)

    # ---- of one activity each

    def splits(self) -> dict[tuple[int, int], Row]:
        return {
            (id_, index): split
            for id_, recorded in self.recorded.items()
            for index, split in enumerate(splits(recorded), start=1)
        }

    @cached_property
    def best_efforts(self) -> efforts.Efforts:
        found = {
            (id_, metres): effort
            for id_, recorded in self.recorded.items()
            for metres, effort in efforts.best_efforts(recorded, self._records_s).items()
        }
        efforts.rank(found, self.summaries)
        return found

    @cached_property
    def power_curve(self) -> dict[tuple[int, int], float]:
        return {
            (id_, seconds): watts
            for id_, recorded in self.recorded.items()
            for seconds, watts in curves.power_curve(recorded).items()
        }

    def time_in_zones(self) -> dict[tuple[int, str, int], float]:
        return {
            (id_, kind, zone): seconds
            for id_, recorded in self.recorded.items()
            for (kind, zone), seconds in curves.time_in_zones(recorded).items()
        }

    def agreement(self) -> dict[tuple[int, str], Row]:
        return {
            (id_, measure): values
            for id_, row in self.summaries.items()
            for measure, values in agreement.agreement(row, self.recorded.get(id_), self.metrics[id_]).items()
        }

    def climbs(self) -> dict[tuple[int, int], Row]:
        return {
            (id_, index): climb
            for id_, recorded in self.recorded.items()
            for index, climb in enumerate(climbs(recorded), start=1)
        }

    def intervals(self) -> dict[tuple[int, int], Row]:
        return {
            (id_, index): interval
            for id_, recorded in self.recorded.items()
            for index, interval in enumerate(intervals(recorded), start=1)
        }

    def durability(self) -> dict[tuple[int, int, int], Row]:
        return {
            (id_, duration, after): values
            for id_, recorded in self.recorded.items()
            for (duration, after), values in durability(recorded).items()
        }

    # ---- of all together

    def routes(self) -> dict[int, Row]:
        return places.routes(self.ways)

    @cached_property
    def tiles(self) -> dict[tuple[int, int, int], Row]:
        return places.tiles(self.ways)

    def explorer(self) -> dict[tuple[int, dt.date], Row]:
        return places.explorer(self.tiles)

    def athlete_settings(self) -> dict[dt.date, Row]:
        return settings_rows(self.settings)

    def zones(self) -> dict[tuple[dt.date, str, int], Row]:
        return zone_rows(self.settings)

    def daily_training_load(self) -> dict[dt.date, Row]:
        loads: dict[dt.date, float] = defaultdict(float)
        for id_, row in self.summaries.items():
            loads[date_of(row)] += self.metrics[id_]["training_load"] or 0
        return daily.daily_training_load(loads, self.today, self.settings)

    def race_predictions(self) -> dict[tuple[float, str], Row]:
        return fits.predictions(self._run_efforts(self.today), self.settings.marathon_exponent)

    def critical_speed(self) -> dict[dt.date, Row]:
        out: dict[dt.date, Row] = {}
        for month, last in self._months():
            if line := fits.critical_speed(self._run_efforts(last)):
                out[month] = {
                    "critical_speed_m_per_s": line.slope,
                    "d_prime_m": line.intercept,
                    "standard_error_m_per_s": line.standard_error,
                    "effort_count": line.count,
                }
        return out

    def critical_power(self) -> dict[dt.date, Row]:
        out: dict[dt.date, Row] = {}
        for month, last in self._months():
            bests = [
                (float(seconds), watts)
                for (id_, seconds), watts in self.power_curve.items()
                if fits.is_within(date_of(self.summaries[id_]), last)
            ]
            if line := fits.critical_power(bests):
                out[month] = {
                    "critical_power_w": line.slope,
                    "w_prime_j": line.intercept,
                    "standard_error_w": line.standard_error,
                    "effort_count": line.count,
                }
        return out

    def _months(self) -> Iterator[tuple[dt.date, dt.date]]:
        if self.summaries:
            first = min(map(date_of, self.summaries.values()))
            yield from fits.months(first, self.today).items()

    def _run_efforts(self, last: dt.date) -> list[tuple[float, float]]:
        """(metres, seconds) of the 90 days that end with `last`."""
        return [
            (metres, effort["elapsed_time_s"])
            for (id_, metres), effort in self.best_efforts.items()
            if effort["sport_type"] in RUNS and fits.is_within(date_of(self.summaries[id_]), last)
        ]

    # ---- of the summaries

    def eddington(self) -> dict[tuple[str, str], tuple[int, int]]:
        return counting.eddington(self.summaries.values())

    def streaks(self) -> dict[tuple[str, dt.date], tuple[dt.date, int, bool]]:
        return counting.streaks(self.summaries.values(), self.today, self.settings.first_weekday)

    def year_to_date(self) -> dict[tuple[int, int, str], tuple[int, float, float, float]]:
        return counting.year_to_date(self.summaries.values(), self.today)

    def weekly_volume(self) -> dict[tuple[dt.date, str], tuple[int, float, float]]:
        return counting.weekly_volume(self.summaries.values(), self.today, self.settings.first_weekday)

    def monthly_volume(self) -> dict[tuple[dt.date, str], Row]:
        return counting.monthly_volume(self.summaries.values(), self.today)

    def weekly_pace(self) -> dict[tuple[dt.date, str], Row]:
        return counting.weekly_pace(self.summaries.values(), self.metrics, self.settings.first_weekday)

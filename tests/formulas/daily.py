"""Training load by day."""

import datetime as dt
import math
import statistics

from tests.formulas.settings import Settings
from tests.formulas.sports import Row

DAY = dt.timedelta(days=1)


def daily_training_load(
    loads: dict[dt.date, float], today: dt.date, settings: Settings
) -> dict[dt.date, Row]:
    """Every day from the first to today. `loads` has each day with an activity."""
    out: dict[dt.date, Row] = {}
    if not loads:
        return out
    decay_fit, decay_tired = math.exp(-1 / settings.fitness_days), math.exp(-1 / settings.fatigue_days)
    fitness = fatigue = 0.0
    week: list[float] = []
    all_fitness: list[float] = []
    day = min(loads)
    while day <= today:
        load = loads.get(day, 0.0)
        form, fitness_before = fitness - fatigue, fitness
        fitness = fitness * decay_fit + load * (1 - decay_fit)
        fatigue = fatigue * decay_tired + load * (1 - decay_tired)
        all_fitness.append(fitness)
        week = [*week, load][-7:]
        is_varied = len(week) == 7 and len(set(week)) > 1
        monotony = statistics.fmean(week) / statistics.stdev(week) if is_varied else None
        out[day] = {
            "training_load": load,
            "fitness": fitness,
            "fatigue": fatigue,
            "form": form,
            "monotony": monotony,
            "strain": None if monotony is None else sum(week) * monotony,
            "form_pct": form / fitness_before * 100 if fitness_before else None,
            "acute_chronic_ratio": fatigue / fitness if fitness else None,
            "ramp_7d": fitness - all_fitness[-8] if len(all_fitness) > 7 else None,
        }
        day += DAY
    return out

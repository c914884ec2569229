"""What the random tests of the sync share: their seed, their histories, their figures."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

from tests.harness import (
    FIGURES,
    assert_equal_to_strava,
)
from tests.simulated_strava import SimulatedStrava, history

ROUNDS = int(os.environ.get("ROUNDS") or 1)
SEED = int(os.environ.get("SEED") or 20260501)
END = dt.date(2026, 5, 1)


def count(name: str, more: int = 1) -> None:
    FIGURES[name] = FIGURES.get(name, 0) + more


def assert_equal_and_count(playground: Path, strava: SimulatedStrava) -> None:
    """Nothing is lost, nothing stands twice, no 429 was provoked: or it raises, so the zeros are counted last."""
    activities, samples = assert_equal_to_strava(playground, strava)
    assert strava.count_429 == 0
    count("activities_compared", activities)
    count("samples_compared", samples)
    count("activities_or_samples_lost_or_doubled", 0)
    count("429s_provoked", strava.count_429)


def small(seed: int, n: int = 40) -> list[Any]:
    return list(history(seed=seed, years=1, end=END))[-n:]


# For the program of a process: it dies when dlt has copied or merged a table and not yet noted that it has.
DIE_AFTER = """
import os
from dlt.common.destination.client import RunnableLoadJob

def die_after(table, kind):
    managed = RunnableLoadJob.run_managed

    def run_managed(self, *arguments, **named):
        run = self.run

        def run_and_die():
            run()
            job = self.job_file_info()
            if job.table_name == table and (job.file_format == "parquet") == (kind == "copy"):
                os._exit(137)

        self.run = run_and_die
        managed(self, *arguments, **named)

    RunnableLoadJob.run_managed = run_managed
"""

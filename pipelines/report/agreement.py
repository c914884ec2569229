"""Agreement: our figures beside those that Strava shows."""

from pipelines.report.marts import Marts, query
from pipelines.report.section import Section, Table

BY_MEASURE = """
    select measure, count(*) as activity_count, median(difference_pct) as median_pct,
        quantile_cont(abs(difference_pct), 0.95) as most_pct
    from agreement
    where difference_pct is not null
    group by measure
    order by measure
"""
NAMES = {
    "average_cadence": "Average cadence",
    "average_heartrate_bpm": "Average heart rate",
    "average_power_w": "Average power",
    "distance_m": "Distance",
    "elevation_gain_m": "Climb",
    "moving_time_s": "Moving time",
    "relative_effort": "TRIMP against relative effort",
    "weighted_power_w": "Normalized against weighted power",
}


def agreement_sections(marts: Marts) -> list[Section]:
    """One section; none when nothing can be compared."""
    rows = query(marts, BY_MEASURE)
    if not rows:
        return []
    return [
        Section(
            "agreement",
            "Agreement with Strava",
            "What the recordings give here, against what Strava shows of the same activities. Relative effort is a scale of "
            "Strava's own. Whatever period and sports the page shows.",
            highlights=Table(
                ["Measure", "Activities", "Median difference, %", "Off at most in 95 of 100, %"],
                [
                    [
                        NAMES.get(row["measure"]) or row["measure"],
                        str(row["activity_count"]),
                        f"{round(row['median_pct'], 1) + 0:+.1f}",
                        f"{row['most_pct']:.1f}",
                    ]
                    for row in rows
                ],
            ),
            highlights_title="Agreement with Strava by measure",
        )
    ]

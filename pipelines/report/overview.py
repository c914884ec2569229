"""The overview: everything added up."""

from pipelines.report.marts import Marts, query
from pipelines.report.section import Section, Tile
from pipelines.report.units import GROUP_NAMES, Units

TOTALS = """
    select count(*) as activity_count, count(distinct activity_date) as day_count,
        sum(distance_m) as distance_m, sum(moving_time_s) as moving_time_s, sum(elevation_gain_m) as climb_m,
        min(activity_date) as first_day, max(activity_date) as last_day
    from activities
"""
STREAKS = """
    select max(length) filter (streak_kind = 'day') as longest_days,
        max(length) filter (streak_kind = 'week' and is_current) as current_weeks
    from streaks
"""
EDDINGTON = """
    select sport_group, eddington_number, days_to_next
    from eddington
    where unit = ? and eddington_number > 0
    order by eddington_number desc
    limit 1
"""


def overview_section(marts: Marts, units: Units) -> Section:
    """Of a history with one activity at least."""
    [total] = query(marts, TOTALS)
    tiles = [
        Tile(f"{total['activity_count']:,}", f"activities on {total['day_count']:,} days"),
        Tile(f"{units.distance.of(total['distance_m']):,.0f} {units.distance.name}", "distance"),
        Tile(f"{(total['moving_time_s'] or 0) / 3600:,.0f} h", "moving time"),
        Tile(f"{units.climb.of(total['climb_m']):,.0f} {units.climb.name}", "climbed"),
    ]
    [streak] = query(marts, STREAKS)
    if streak["longest_days"]:
        weeks = streak["current_weeks"] or 0
        tiles.append(
            Tile(f"{streak['longest_days']} days", f"longest streak; active weeks in a row now: {weeks}")
        )
    for best in query(marts, EDDINGTON, units.distance.name):
        group = GROUP_NAMES[best["sport_group"]].lower()
        meaning = f"Eddington number {group} ({units.distance.name}); {best['days_to_next']} days to the next"
        tiles.append(Tile(f"{best['eddington_number']}", meaning))
    caption = f"The whole history, from {total['first_day']} to {total['last_day']}, whatever period and sports the page shows."
    return Section("overview", "Overview", caption, tiles=tiles)

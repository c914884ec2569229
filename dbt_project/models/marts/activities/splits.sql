{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set split_mm = 1000000 %}

with samples as (
    select * from {{ ref('int_samples') }}
),

interval_values as (
    select * from {{ ref('int_interval_values') }}
    union all by name
    select * from {{ ref('int_graded_values') }}
),

consistent_samples as (
    select * from samples where is_distance_consistent
),

curve as (
    {{ intervals('consistent_samples', 'has_distance') }}
),

-- a stream without distance has no split
streams as (
    select
        athlete_id,
        activity_id,
        min(time_s) as first_s,
        max(time_s) as last_s,
        max(distance_mm) as distance_mm
    from curve
    group by all
    having max(distance_mm) > 0
),

-- edges: the first instant at each whole kilometre; an interval that stands still crosses none
crossings as (
    select
        *,
        unnest(range(
            floor((distance_mm - interval_mm) / {{ split_mm }})::bigint + 1,
            floor(distance_mm / {{ split_mm }})::bigint + 1
        )) as kilometre,
        (distance_mm - {{ split_mm }} * kilometre) / nullif(interval_mm, 0) * interval_s as before_s
    from curve
    where interval_mm > 0
),

-- the first sample, the kilometres, the last sample: a last kilometre that ends exactly is not both
edges as (
    select athlete_id, activity_id, 0 as kilometre, 0::double as edge_mm, first_s::double as edge_s
    from streams
    union all
    select
        crossings.athlete_id,
        crossings.activity_id,
        crossings.kilometre,
        {{ split_mm }} * crossings.kilometre as edge_mm,
        crossings.time_s - crossings.before_s as edge_s
    from crossings
    inner join streams using (athlete_id, activity_id)
    where {{ split_mm }} * crossings.kilometre < streams.distance_mm
    union all
    select
        athlete_id,
        activity_id,
        ceil(distance_mm / {{ split_mm }})::bigint as kilometre,
        distance_mm as edge_mm,
        last_s::double as edge_s
    from streams
),

-- splits: from one edge to the next
stretches as (
    select
        athlete_id,
        activity_id,
        kilometre::integer as split_index,
        (edge_mm - lag(edge_mm) over in_order) / 1000 as distance_m,
        lag(edge_s) over in_order as from_s,
        edge_s as to_s
    from edges
    window in_order as (partition by athlete_id, activity_id order by kilometre)
    qualify kilometre > 0
),

sums as (
    {{ sums_over(
        'stretches', 'split_index', 'interval_values',
        ['moving', 'heartrate', 'cadence', 'power', 'grade_adjusted']
    ) }}
),

-- altitude: interpolated over time at each edge, held beyond its first and last value

altitude_intervals as (
    {{ intervals('samples', 'altitude_m is not null') }}
),

-- the leg that ends in the first value is level: before it altitude is held
altitude_legs as (
    select
        *,
        coalesce(
            (altitude_m - lag(altitude_m) over in_order) / nullif(interval_s, 0),
            0
        ) as climb_m_per_s
    from altitude_intervals
    window in_order as (partition by athlete_id, activity_id order by time_s)
),

-- what is held after the last value
last_altitudes as (
    select athlete_id, activity_id, arg_max(altitude_m, time_s) as altitude_m
    from altitude_legs
    group by all
),

-- the altitude at the end of the leg that the edge is in, less the climb after the edge
edge_altitudes as (
    select
        edges.athlete_id,
        edges.activity_id,
        edges.kilometre,
        coalesce(
            legs.altitude_m - legs.climb_m_per_s * (legs.time_s - edges.edge_s),
            last_altitudes.altitude_m
        ) as altitude_m
    from edges
    asof left join altitude_legs as legs
        on edges.athlete_id = legs.athlete_id
        and edges.activity_id = legs.activity_id and edges.edge_s <= legs.time_s
    left join last_altitudes
        on edges.athlete_id = last_altitudes.athlete_id
        and edges.activity_id = last_altitudes.activity_id
),

elevation_changes as (
    select
        athlete_id,
        activity_id,
        kilometre as split_index,
        altitude_m - lag(altitude_m) over in_order as elevation_change_m
    from edge_altitudes
    window in_order as (partition by athlete_id, activity_id order by kilometre)
),

-- quotients last
splits as (
    select
        stretches.athlete_id,
        stretches.activity_id,
        stretches.split_index,
        stretches.distance_m::double as distance_m,
        stretches.to_s - stretches.from_s as elapsed_time_s,
        coalesce(sums.moving_s, 0)::double as moving_time_s,
        1000 * sums.moving_s / nullif(stretches.distance_m, 0) as pace_s_per_km,
        1000 * sums.grade_adjusted_s / nullif(sums.grade_adjusted_sum, 0) as gap_pace_s_per_km,
        elevation_changes.elevation_change_m,
        sums.heartrate_sum / sums.heartrate_s as average_heartrate_bpm,
        2 * sums.cadence_sum / sums.cadence_s as average_cadence_spm,
        sums.power_sum / sums.power_s as average_power_w
    from stretches
    left join sums using (athlete_id, activity_id, split_index)
    left join elevation_changes using (athlete_id, activity_id, split_index)
)

select * from splits

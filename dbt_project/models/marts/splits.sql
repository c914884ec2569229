{{ config(materialized='by_activity') }}

with samples as (
    select * from {{ ref('int_samples') }}
),

curve as (
    {{ intervals('samples', 'has_distance') }}
),

curve_with_moving as (
    select
        *,
        (is_counted and is_moving)::int as moving_share,
        sum(interval_s * moving_share) over (partition by activity_id order by time_s) as moving_s
    from curve
),

streams as (
    select
        activity_id,
        min(time_s) as first_s,
        max(time_s) as last_s,
        max(distance_mm) as distance_mm,
        max(moving_s) as moving_s
    from curve_with_moving
    group by all
    having max(distance_mm) > 0
),

-- the first instant at each whole kilometre
crossings as (
    select
        *,
        unnest(range(
            (distance_mm - interval_mm) // 1000000 + 1, distance_mm // 1000000 + 1
        )) as kilometre,
        (distance_mm - 1000000 * kilometre) / interval_mm * interval_s as before_s
    from curve_with_moving
    where interval_mm > 0
),

edges as (
    select activity_id, 0 as kilometre, 0 as edge_mm, first_s::double as edge_s, 0.0 as moving_s
    from streams
    union all
    select
        crossings.activity_id,
        crossings.kilometre,
        1000000 * crossings.kilometre as edge_mm,
        crossings.time_s - crossings.before_s as edge_s,
        crossings.moving_s - crossings.before_s * crossings.moving_share as moving_s
    from crossings
    inner join streams using (activity_id)
    where 1000000 * crossings.kilometre < streams.distance_mm
    union all
    select
        activity_id,
        (distance_mm + 999999) // 1000000 as kilometre,
        distance_mm as edge_mm,
        last_s::double as edge_s,
        moving_s
    from streams
),

heartrate_intervals as (
    {{ intervals('samples', 'heartrate_bpm is not null') }}
),

heartrate_sums as (
    select
        activity_id,
        time_s,
        heartrate_bpm * is_counted::int as counted_bpm,
        is_counted::int as counted_share,
        coalesce(sum(counted_share * interval_s) over in_order, 0) as heartrate_s,
        coalesce(sum(counted_bpm * interval_s) over in_order, 0) as beats
    from heartrate_intervals
    window in_order as (partition by activity_id order by time_s)
),

heartrate_totals as (
    select activity_id, max(heartrate_s) as heartrate_s, max(beats) as beats
    from heartrate_sums
    group by all
),

edges_with_heartrate as (
    select
        edges.*,
        coalesce(
            sums.heartrate_s - sums.counted_share * (sums.time_s - edges.edge_s),
            totals.heartrate_s
        ) as heartrate_s,
        coalesce(
            sums.beats - sums.counted_bpm * (sums.time_s - edges.edge_s), totals.beats
        ) as beats
    from edges
    asof left join heartrate_sums as sums
        on edges.activity_id = sums.activity_id and edges.edge_s <= sums.time_s
    left join heartrate_totals as totals on edges.activity_id = totals.activity_id
),

altitude_intervals as (
    {{ intervals('samples', 'altitude_m is not null') }}
),

altitude_legs as (
    select
        *,
        coalesce(
            (altitude_m - lag(altitude_m) over (partition by activity_id order by time_s)) / interval_s,
            0
        ) as climb_m_per_s
    from altitude_intervals
),

last_altitudes as (
    select activity_id, arg_max(altitude_m, time_s) as altitude_m
    from altitude_legs
    group by all
),

-- altitude is held beyond its first and last value
edges_with_altitude as (
    select
        edges.*,
        coalesce(
            legs.altitude_m - legs.climb_m_per_s * (legs.time_s - edges.edge_s),
            last_altitudes.altitude_m
        ) as altitude_m
    from edges_with_heartrate as edges
    asof left join altitude_legs as legs
        on edges.activity_id = legs.activity_id and edges.edge_s <= legs.time_s
    left join last_altitudes on edges.activity_id = last_altitudes.activity_id
),

differences as (
    select
        activity_id,
        kilometre::integer as split_index,
        (edge_mm - lag(edge_mm) over in_order) / 1000 as distance_m,
        edge_s - lag(edge_s) over in_order as elapsed_time_s,
        moving_s - lag(moving_s) over in_order as moving_time_s,
        altitude_m - lag(altitude_m) over in_order as elevation_change_m,
        heartrate_s - lag(heartrate_s) over in_order as heartrate_s,
        beats - lag(beats) over in_order as beats
    from edges_with_altitude
    window in_order as (partition by activity_id order by kilometre)
),

splits as (
    select
        activity_id,
        split_index,
        distance_m::double as distance_m,
        elapsed_time_s::double as elapsed_time_s,
        moving_time_s::double as moving_time_s,
        (1000 * nullif(moving_time_s, 0) / distance_m)::double as pace_s_per_km,
        elevation_change_m,
        (beats / nullif(heartrate_s, 0))::double as average_heartrate_bpm
    from differences
    where split_index > 0
)

select * from splits

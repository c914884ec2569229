{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
-- One file for edges, heart rate and altitude: as views of their own each would read the samples
-- again, which costs this model a third more.

{%- set split_mm = 1000000 %}

with samples as (
    select * from {{ ref('int_samples') }}
),

-- edges: where each split begins and ends, with the moving seconds until there

curve as (
    {{ intervals('samples', 'has_distance') }}
),

curve_with_moving_time as (
    select
        *,
        is_counted and is_moving as is_interval_moving,
        sum(interval_s * is_interval_moving::int) over (
            partition by athlete_id, activity_id order by time_s
        ) as moving_s
    from curve
),

-- a stream without distance has no split
streams as (
    select
        athlete_id,
        activity_id,
        min(time_s) as first_s,
        max(time_s) as last_s,
        max(distance_mm) as distance_mm,
        max(moving_s) as moving_s
    from curve_with_moving_time
    group by all
    having max(distance_mm) > 0
),

-- the first instant at each whole kilometre: an interval that stands still crosses none
crossings as (
    select
        *,
        unnest(range(
            (distance_mm - interval_mm) // {{ split_mm }} + 1, distance_mm // {{ split_mm }} + 1
        )) as kilometre,
        (distance_mm - {{ split_mm }} * kilometre) / nullif(interval_mm, 0) * interval_s as before_s
    from curve_with_moving_time
    where interval_mm > 0
),

-- the first sample, the kilometres, the last sample: a last kilometre that ends exactly is not both
edges as (
    select
        athlete_id,
        activity_id,
        0 as kilometre,
        0 as edge_mm,
        first_s::double as edge_s,
        0.0 as moving_s
    from streams
    union all
    select
        crossings.athlete_id,
        crossings.activity_id,
        crossings.kilometre,
        {{ split_mm }} * crossings.kilometre as edge_mm,
        crossings.time_s - crossings.before_s as edge_s,
        crossings.moving_s - crossings.before_s * crossings.is_interval_moving::int as moving_s
    from crossings
    inner join streams using (athlete_id, activity_id)
    where {{ split_mm }} * crossings.kilometre < streams.distance_mm
    union all
    select
        athlete_id,
        activity_id,
        (distance_mm + {{ split_mm }} - 1) // {{ split_mm }} as kilometre,
        distance_mm as edge_mm,
        last_s::double as edge_s,
        moving_s
    from streams
),

-- heart rate: beats and their seconds until each edge, so that a split's mean is a quotient of sums

heartrate_intervals as (
    {{ intervals('samples', 'heartrate_bpm is not null') }}
),

-- a pause adds neither seconds nor beats
heartrate_sums as (
    select
        athlete_id,
        activity_id,
        time_s,
        is_counted,
        heartrate_bpm * is_counted::int as counted_bpm,
        coalesce(sum(is_counted::int * interval_s) over in_order, 0) as heartrate_s,
        coalesce(sum(counted_bpm * interval_s) over in_order, 0) as beats
    from heartrate_intervals
    window in_order as (partition by athlete_id, activity_id order by time_s)
),

-- what has been summed at an edge that lies after the last heart rate
heartrate_totals as (
    select athlete_id, activity_id, max(heartrate_s) as heartrate_s, max(beats) as beats
    from heartrate_sums
    group by all
),

-- the sums at the end of the interval that the edge is in, less the seconds after the edge
edges_with_heartrate as (
    select
        edges.*,
        coalesce(
            sums.heartrate_s - sums.is_counted::int * (sums.time_s - edges.edge_s),
            totals.heartrate_s
        ) as heartrate_s,
        coalesce(
            sums.beats - sums.counted_bpm * (sums.time_s - edges.edge_s), totals.beats
        ) as beats
    from edges
    asof left join heartrate_sums as sums
        on edges.athlete_id = sums.athlete_id
        and edges.activity_id = sums.activity_id and edges.edge_s <= sums.time_s
    left join heartrate_totals as totals
        on edges.athlete_id = totals.athlete_id and edges.activity_id = totals.activity_id
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
edges_with_altitude as (
    select
        edges.*,
        coalesce(
            legs.altitude_m - legs.climb_m_per_s * (legs.time_s - edges.edge_s),
            last_altitudes.altitude_m
        ) as altitude_m
    from edges_with_heartrate as edges
    asof left join altitude_legs as legs
        on edges.athlete_id = legs.athlete_id
        and edges.activity_id = legs.activity_id and edges.edge_s <= legs.time_s
    left join last_altitudes
        on edges.athlete_id = last_altitudes.athlete_id
        and edges.activity_id = last_altitudes.activity_id
),

-- splits: what lies between an edge and the one before it

differences as (
    select
        athlete_id,
        activity_id,
        kilometre::integer as split_index,
        (edge_mm - lag(edge_mm) over in_order) / 1000 as distance_m,
        edge_s - lag(edge_s) over in_order as elapsed_time_s,
        moving_s - lag(moving_s) over in_order as moving_time_s,
        altitude_m - lag(altitude_m) over in_order as elevation_change_m,
        heartrate_s - lag(heartrate_s) over in_order as heartrate_s,
        beats - lag(beats) over in_order as beats
    from edges_with_altitude
    window in_order as (partition by athlete_id, activity_id order by kilometre)
),

-- quotients last; the first edge ends no split
splits as (
    select
        athlete_id,
        activity_id,
        split_index,
        distance_m::double as distance_m,
        elapsed_time_s::double as elapsed_time_s,
        moving_time_s::double as moving_time_s,
        (1000 * nullif(moving_time_s, 0) / nullif(distance_m, 0))::double as pace_s_per_km,
        elevation_change_m,
        (beats / nullif(heartrate_s, 0))::double as average_heartrate_bpm
    from differences
    where split_index > 0
)

select * from splits

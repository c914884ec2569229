{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set window_mm = 25000 %}

with samples as (
    select
        *,
        bool_or(gradient_pct is not null) over (partition by athlete_id, activity_id) as has_gradient
    from {{ ref('int_samples') }}
    where sport_group = 'foot'
),

-- only where the whole grade stream is absent: the slope of altitude over ±25 m
ungraded_samples as (
    select * from samples where not has_gradient
),

altitude_samples as (
    {{ intervals('ungraded_samples', 'has_distance and altitude_m is not null') }}
),

altitude_points as (
    select athlete_id, activity_id, distance_mm, arg_min(altitude_m, time_s) as altitude_m
    from altitude_samples
    group by all
),

altitude_legs as (
    select
        *,
        lead(distance_mm) over in_order - distance_mm as leg_mm,
        lead(altitude_m) over in_order - altitude_m as rise_m
    from altitude_points
    window in_order as (partition by athlete_id, activity_id order by distance_mm)
),

altitude_ranges as (
    select athlete_id, activity_id, min(distance_mm) as first_mm, max(distance_mm) as last_mm
    from altitude_points
    group by all
),

slope_windows as (
    select distinct
        samples.athlete_id,
        samples.activity_id,
        samples.distance_mm,
        greatest(samples.distance_mm - {{ window_mm }}, ranges.first_mm) as from_mm,
        least(samples.distance_mm + {{ window_mm }}, ranges.last_mm) as to_mm
    from ungraded_samples as samples
    inner join altitude_ranges as ranges using (athlete_id, activity_id)
    where samples.has_distance and from_mm < to_mm
),

slopes as (
    select
        windows.athlete_id,
        windows.activity_id,
        windows.distance_mm,
        ends.altitude_m
            + coalesce((to_mm - ends.distance_mm) / nullif(ends.leg_mm, 0) * ends.rise_m, 0)
            as to_altitude_m,
        starts.altitude_m
            + coalesce((from_mm - starts.distance_mm) / nullif(starts.leg_mm, 0) * starts.rise_m, 0)
            as from_altitude_m,
        1000 * (to_altitude_m - from_altitude_m) / nullif(to_mm - from_mm, 0) as slope
    from slope_windows as windows
    asof join altitude_legs as starts
        on windows.athlete_id = starts.athlete_id
        and windows.activity_id = starts.activity_id and windows.from_mm >= starts.distance_mm
    asof join altitude_legs as ends
        on windows.athlete_id = ends.athlete_id
        and windows.activity_id = ends.activity_id and windows.to_mm >= ends.distance_mm
),

with_slope as (
    select
        samples.athlete_id,
        samples.activity_id,
        samples.sample_index,
        samples.sport_group,
        samples.is_distance_consistent,
        samples.is_time_rising,
        samples.time_s,
        samples.distance_mm,
        samples.has_distance,
        samples.speed_m_per_s,
        samples.heartrate_bpm,
        samples.is_moving,
        coalesce(samples.gradient_pct / 100, slopes.slope) as slope
    from samples
    -- equalities alone: with a condition of one side DuckDB would compare every pair
    left join slopes
        on samples.athlete_id = slopes.athlete_id
        and samples.activity_id = slopes.activity_id
        and case when samples.has_distance then samples.distance_mm end = slopes.distance_mm
)

select * from with_slope

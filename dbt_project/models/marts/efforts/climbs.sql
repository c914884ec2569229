{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set steepest_over_mm = 100000 -%}
{#- Strava's rule: metres times per cent. -#}
{%- set categories = { 'HC': 80000, '1': 64000, '2': 32000, '3': 16000, '4': 8000 } %}

with bounds as (
    select * from {{ ref('int_climb_bounds') }}
),

samples as (
    select * from {{ ref('int_samples') }}
    where has_distance and activity_id in (select activity_id from bounds)
),

smoothed_altitude as (
    select * from {{ ref('int_smoothed_altitude') }}
    where activity_id in (select activity_id from bounds)
),

interval_values as (
    select * from {{ ref('int_interval_values') }}
),

ends as (
    select athlete_id, activity_id, climb_index, unnest([start_mm, end_mm]) as distance_mm
    from bounds
),

-- from the last instant at the start's distance to the first at the end's
instants as (
    select
        athlete_id,
        activity_id,
        climb_index,
        distance_mm,
        min(time_s) as arrival_s,
        max(time_s) as departure_s
    from ends
    inner join samples using (athlete_id, activity_id, distance_mm)
    group by all
),

climbs as (
    select
        athlete_id,
        activity_id,
        climb_index,
        arg_min(departure_s, distance_mm) as from_s,
        arg_max(arrival_s, distance_mm) as to_s
    from instants
    group by all
),

sums as (
    {{ sums_over('climbs', 'climb_index', 'interval_values', ['heartrate', 'power']) }}
),

-- the steepest stretch begins or ends at a point of the altitude curve

legs as (
    select
        *,
        lead(distance_mm) over in_order - distance_mm as leg_mm,
        lead(altitude_m) over in_order - altitude_m as leg_m
    from smoothed_altitude
    window in_order as (partition by athlete_id, activity_id order by distance_mm)
),

stretches as (
    select
        bounds.athlete_id,
        bounds.activity_id,
        bounds.climb_index,
        legs.altitude_m,
        legs.distance_mm + sign * {{ steepest_over_mm }} as other_mm,
        sign
    from bounds
    cross join (select unnest([-1, 1]) as sign)
    inner join legs
        on bounds.athlete_id = legs.athlete_id
        and bounds.activity_id = legs.activity_id
        and legs.distance_mm between bounds.start_mm and bounds.end_mm
    where other_mm between bounds.start_mm and bounds.end_mm
),

steepest as (
    select
        stretches.athlete_id,
        stretches.activity_id,
        stretches.climb_index,
        max(stretches.sign * (
            legs.altitude_m
            + coalesce((stretches.other_mm - legs.distance_mm) / legs.leg_mm * legs.leg_m, 0)
            - stretches.altitude_m
        )) as rise_m
    from stretches
    asof join legs
        on stretches.athlete_id = legs.athlete_id
        and stretches.activity_id = legs.activity_id
        and stretches.other_mm >= legs.distance_mm
    group by all
),

with_values as (
    select
        bounds.athlete_id,
        bounds.activity_id,
        bounds.climb_index,
        bounds.start_mm::double / 1000 as start_distance_m,
        (bounds.end_mm - bounds.start_mm)::double / 1000 as distance_m,
        bounds.elevation_gain_m::double as elevation_gain_m,
        100 * bounds.elevation_gain_m / distance_m as gradient_pct,
        100 * steepest.rise_m / {{ steepest_over_mm / 1000 }} as max_gradient_100m_pct,
        (climbs.to_s - climbs.from_s)::double as elapsed_time_s,
        3600 * bounds.elevation_gain_m / nullif(climbs.to_s - climbs.from_s, 0) as vam_m_per_h,
        1000 * (climbs.to_s - climbs.from_s) / distance_m as pace_s_per_km,
        sums.heartrate_sum / sums.heartrate_s as average_heartrate_bpm,
        sums.power_sum / sums.power_s as average_power_w,
        case
            {%- for category, least in categories.items() %}
            when distance_m * gradient_pct >= {{ least }} then '{{ category }}'
            {%- endfor %}
        end as climb_category
    from bounds
    inner join climbs using (athlete_id, activity_id, climb_index)
    left join sums using (athlete_id, activity_id, climb_index)
    left join steepest using (athlete_id, activity_id, climb_index)
)

select * from with_values

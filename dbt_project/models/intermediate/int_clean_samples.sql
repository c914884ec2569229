{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- A stream further from the activity's own distance was corrected afterwards, or is wrong. -#}
{%- set largest_share_off = 0.05 -%}
{#- Nobody takes as many steps with one leg. -#}
{%- set fastest_leg_rpm = 130 %}

with samples as (
    select * from {{ ref('int_placed_samples') }}
),

stream_distances as (
    select
        athlete_id,
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        coalesce(any_value(activity_distance_m), 0) as own_distance_m,
        abs(stream_distance_m - own_distance_m) <= {{ largest_share_off }} * own_distance_m
            as is_distance_consistent
    from samples
    where has_distance
    group by all
),

-- on foot some devices count the steps of both legs
step_counts as (
    select athlete_id, activity_id, median(cadence_rpm) > {{ fastest_leg_rpm }} as has_both_legs
    from samples
    where sport_group = 'foot' and cadence_rpm > 0
    group by all
),

clean_samples as (
    select
        samples.athlete_id,
        samples.activity_id,
        samples.sample_index,
        samples.sport_group,
        samples.has_power_meter,
        stream_distances.is_distance_consistent,

        samples.time_s,
        samples.distance_mm,
        samples.has_distance,
        samples.is_jump,
        samples.latitude_deg,
        samples.longitude_deg,
        samples.altitude_m,
        samples.speed_m_per_s,
        samples.heartrate_bpm,
        samples.cadence_rpm / case when step_counts.has_both_legs then 2 else 1 end as cadence_rpm,
        samples.power_w,
        samples.temperature_c,
        samples.gradient_pct,
        samples.is_moving
    from samples
    left join stream_distances using (athlete_id, activity_id)
    left join step_counts using (athlete_id, activity_id)
)

select * from clean_samples

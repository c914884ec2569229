{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- A stream further from the activity's own distance was corrected afterwards, or is wrong. -#}
{%- set largest_share_off = 0.05 -%}
{#- Nobody takes as many steps with one leg. -#}
{%- set fastest_leg_rpm = 130 %}

with samples as (
    select * from {{ ref('int_measured_samples') }}
),

placed_samples as (
    select * from {{ ref('int_placed_samples') }}
),

joined as (
    select *
    from samples
    inner join placed_samples using (athlete_id, activity_id, sample_index)
),

-- what is said of a stream as a whole
streams as (
    select
        athlete_id,
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        coalesce(any_value(activity_distance_m), 0) as own_distance_m,
        abs(stream_distance_m - own_distance_m) <= {{ largest_share_off }} * own_distance_m
            as is_distance_consistent,
        -- on foot some devices count the steps of both legs
        coalesce(
            median(cadence_rpm) filter (where sport_group = 'foot' and cadence_rpm > 0)
                > {{ fastest_leg_rpm }},
            false
        ) as has_both_legs,
        bool_and(coalesce(time_s > previous_s, true)) as is_time_rising
    from joined
    group by all
),

clean_samples as (
    select
        joined.athlete_id,
        joined.activity_id,
        joined.sample_index,
        joined.sport_group,
        joined.has_power_meter,
        streams.is_distance_consistent,
        streams.is_time_rising,

        joined.time_s,
        joined.distance_mm,
        joined.has_distance,
        joined.is_jump,
        joined.latitude_deg,
        joined.longitude_deg,
        joined.altitude_m,
        joined.speed_m_per_s,
        joined.heartrate_bpm,
        joined.cadence_rpm / case when streams.has_both_legs then 2 else 1 end as cadence_rpm,
        joined.power_w,
        joined.temperature_c,
        joined.gradient_pct,
        joined.is_moving
    from joined
    left join streams using (athlete_id, activity_id)
)

select * from clean_samples

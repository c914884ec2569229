{{ config(materialized='by_activity') }}
-- Built last of the models by activity, because its fingerprints say that all of them are done:
-- depends_on: {{ ref('int_seconds_by_value') }}
-- depends_on: {{ ref('int_best_efforts') }}
-- depends_on: {{ ref('splits') }}
-- depends_on: {{ ref('power_curve') }}

{%- set maximum_quantile = 0.999 %}

with activities as (
    select * from {{ ref('int_stream_changes') }}
    where activity_id in (select unnest(getvariable('stream_activities')))
),

samples as (
    select * from {{ ref('int_samples') }}
),

grade_adjusted as (
    select * from {{ ref('int_grade_adjusted') }}
),

normalized_power as (
    select * from {{ ref('int_normalized_power') }}
),

efficiency as (
    select * from {{ ref('int_efficiency') }}
),

foot_samples as (
    select * from samples where sport_group = 'foot'
),

cadence_intervals as (
    {{ intervals('foot_samples', 'cadence_rpm is not null') }}
),

-- the device counts one leg
cadence as (
    select
        athlete_id,
        activity_id,
        2 * sum(cadence_rpm * interval_s) / nullif(sum(interval_s), 0) as average_cadence_spm
    from cadence_intervals
    where is_counted and is_moving
    group by all
),

-- between the first and the last sample kept of those with time and distance
extents as (
    select
        athlete_id,
        activity_id,
        arg_max(distance_mm, (time_s, -sample_index)) / 1000 as stream_distance_m,
        (max(time_s) - arg_min(time_s, sample_index))::double as stream_elapsed_time_s
    from samples
    where time_s is not null and has_distance
    group by all
),

-- the 99.9th percentile: single wrong beats do not set the maximum heart rate
heartrate as (
    select
        athlete_id,
        activity_id,
        quantile_cont(heartrate_bpm::double, {{ maximum_quantile }}) as heartrate_bpm_p999
    from samples
    where heartrate_bpm is not null
    group by all
),

combined as (
    select
        activities.athlete_id,
        activities.activity_id,
        activities.fingerprint,
        activities.sample_count,
        extents.stream_distance_m,
        extents.stream_elapsed_time_s,
        grade_adjusted.gap_moving_time_s,
        grade_adjusted.gap_distance_m,
        normalized_power.power_time_s,
        normalized_power.normalized_power_w,
        coalesce(
            efficiency.foot_efficiency,
            normalized_power.normalized_power_w / nullif(efficiency.average_heartrate_bpm, 0)
        ) as efficiency_factor,
        efficiency.decoupling_pct,
        cadence.average_cadence_spm,
        heartrate.heartrate_bpm_p999
    from activities
    left join extents using (athlete_id, activity_id)
    left join grade_adjusted using (athlete_id, activity_id)
    left join normalized_power using (athlete_id, activity_id)
    left join efficiency using (athlete_id, activity_id)
    left join cadence using (athlete_id, activity_id)
    left join heartrate using (athlete_id, activity_id)
)

select * from combined

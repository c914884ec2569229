{{ config(materialized='table') }}

{#- A value that less of the activity has tells too little of the whole. -#}
{%- set least_coverage_pct = 75 -%}

with stream_aggregates as (
    select * from {{ ref('int_stream_aggregates') }}
),

seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
),

settings as (
    select * from {{ ref('int_activity_settings') }}
),

-- null coverage of power: it does not count, as on foot
covered as (
    select
        * exclude (normalized_power_w, efficiency_factor, decoupling_pct),
        coalesce(heartrate_coverage_pct >= {{ least_coverage_pct }}, false) as has_heartrate,
        coalesce(power_coverage_pct >= {{ least_coverage_pct }}, true) as has_power,
        case when has_power then normalized_power_w end as normalized_power_w,
        case when has_heartrate and has_power then efficiency_factor end as efficiency_factor,
        case when has_heartrate and has_power then decoupling_pct end as decoupling_pct
    from stream_aggregates
),

training_impulses as (
    select
        seconds_by_value.athlete_id,
        seconds_by_value.activity_id,
        sum(
            seconds_by_value.time_s / 60
            * {{ trimp_per_minute('seconds_by_value.value') }}
        ) as trimp
    from seconds_by_value
    inner join covered using (athlete_id, activity_id)
    inner join settings using (athlete_id, activity_id)
    where seconds_by_value.value_kind = 'heartrate' and covered.has_heartrate
    group by all
),

with_settings as (
    select
        covered.*,
        training_impulses.trimp,
        settings.ftp_w,
        settings.threshold_pace_s_per_km,
        case when training_impulses.trimp is not null then settings.heartrate_settings_source end
            as heartrate_settings_source,
        -- 0 where the threshold is not above rest
        60 * {{ trimp_per_minute('settings.threshold_heartrate_bpm') }} as threshold_hour_trimp,
        1000 * covered.gap_moving_time_s / nullif(covered.gap_distance_m, 0) as gap_pace_s_per_km,
        covered.normalized_power_w / settings.ftp_w as intensity_factor
    from covered
    inner join settings using (athlete_id, activity_id)
    left join training_impulses using (athlete_id, activity_id)
),

metrics as (
    select
        athlete_id,
        activity_id,
        sample_count,
        is_distance_consistent,
        power_coverage_pct,
        heartrate_coverage_pct,
        gap_moving_time_s,
        gap_distance_m,
        gap_pace_s_per_km,
        power_time_s,
        normalized_power_w,
        intensity_factor,
        100 * power_time_s * normalized_power_w * intensity_factor / (ftp_w * 3600)
            as training_stress_score,
        trimp,
        100 * trimp / nullif(threshold_hour_trimp, 0) as heartrate_load,
        100 * gap_moving_time_s / 3600
            * pow(threshold_pace_s_per_km / nullif(gap_pace_s_per_km, 0), 2) as pace_load,
        efficiency_factor,
        decoupling_pct,
        average_cadence_spm,
        heartrate_settings_source
    from with_settings
)

select * from metrics

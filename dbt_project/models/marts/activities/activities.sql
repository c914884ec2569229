{%- set duration_load_per_h = 50.0 -%}

with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

stream_metrics as (
    select * from {{ ref('int_activity_stream_metrics') }}
),

joined as (
    select
        activities.*,
        stream_metrics.sample_count,
        stream_metrics.gap_moving_time_s,
        stream_metrics.gap_distance_m,
        stream_metrics.gap_pace_s_per_km,
        stream_metrics.normalized_power_w,
        stream_metrics.intensity_factor,
        stream_metrics.training_stress_score,
        stream_metrics.trimp,
        stream_metrics.efficiency_factor,
        stream_metrics.decoupling_pct,
        stream_metrics.average_cadence_spm,
        stream_metrics.heartrate_settings_source,
        stream_metrics.heartrate_load,
        stream_metrics.pace_load,
        {{ duration_load_per_h }} * activities.moving_time_s / 3600 as duration_load
    from activities
    left join stream_metrics using (athlete_id, activity_id)
),

with_load as (
    select
        *,
        coalesce(training_stress_score, pace_load, heartrate_load, duration_load) as training_load,
        case
            when training_stress_score is not null then 'power'
            when pace_load is not null then 'pace'
            when heartrate_load is not null then 'heartrate'
            when duration_load is not null then 'duration'
        end as training_load_source
    from joined
),

final as (
    select
        athlete_id,
        activity_id,
        gear_id,

        activity_name,
        sport_type,
        sport_group,

        distance_m,
        moving_time_s,
        elapsed_time_s,
        elevation_gain_m,
        distance_m / nullif(moving_time_s, 0) as average_speed_m_per_s,
        1000.0 * nullif(moving_time_s, 0) / nullif(distance_m, 0) as pace_s_per_km,
        1000.0 * nullif(elapsed_time_s, 0) / nullif(distance_m, 0) as elapsed_pace_s_per_km,
        average_heartrate_bpm,
        max_heartrate_bpm,
        average_power_w,

        gap_pace_s_per_km,
        gap_moving_time_s::double as gap_moving_time_s,
        gap_distance_m,
        normalized_power_w,
        intensity_factor,
        training_stress_score,
        trimp,
        efficiency_factor,
        decoupling_pct,
        average_cadence_spm,
        training_load,
        training_load_source,
        heartrate_settings_source,

        origin,
        is_manual,
        is_commute,
        is_trainer,
        is_private,
        coalesce(sample_count, 0) > 0 as has_streams,
        coalesce(sample_count, 0)::bigint as sample_count,

        activity_date,
        {{ week_start_date('started_at_local::date') }} as week_start_date,
        started_at,
        started_at_local
    from with_load
)

select * from final

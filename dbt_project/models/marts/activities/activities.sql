{%- set highest_load_per_h = 500 -%}

with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

stream_metrics as (
    select * from {{ ref('int_activity_stream_metrics') }}
),

settings as (
    select * from {{ ref('int_activity_settings') }}
),

routes as (
    select * from {{ ref('int_routes') }}
),

joined as (
    select
        activities.*,
        stream_metrics.* exclude (athlete_id, activity_id, pace_load),
        -- who walks is far from the pace that the threshold is of
        case when activities.sport_type in ('Run', 'TrailRun', 'VirtualRun') then stream_metrics.pace_load end
            as pace_load,
        settings.duration_load_per_h * activities.moving_time_s / 3600
            * case when activities.sport_type in ('Walk', 'Hike', 'Snowshoe') then 0.5 else 1 end
            as duration_load,
        settings.threshold_pace_s_per_km,
        routes.route_id
    from activities
    left join stream_metrics using (athlete_id, activity_id)
    left join settings using (athlete_id, activity_id)
    left join routes using (athlete_id, activity_id)
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

-- what no body bears, with what makes it so
with_note as (
    select
        *,
        threshold_pace_s_per_km / nullif(gap_pace_s_per_km, 0) as share_of_threshold_speed,
        case
            when coalesce(3600 * training_load <= {{ highest_load_per_h }} * elapsed_time_s, true) then null
            when training_load_source = 'power' and 100 * pow(intensity_factor, 2) > {{ highest_load_per_h }}
                then format(
                    'the intensity factor is {:.1f}: ftp_w is too low for this power', intensity_factor
                )
            when training_load_source = 'pace'
                and 100 * pow(share_of_threshold_speed, 2) > {{ highest_load_per_h }}
                then format(
                    'the grade-adjusted speed is {:.1f} times the threshold speed: threshold_pace_s_per_km is '
                    || 'too slow for it', share_of_threshold_speed
                )
            when training_load_source = 'heartrate'
                then 'threshold_heartrate_bpm is too low for this heart rate, or the recording is longer than '
                    || 'elapsed_time_s'
            when training_load_source = 'duration'
                then 'moving_time_s is longer than elapsed_time_s'
            else 'the recording is longer than elapsed_time_s'
        end as training_load_note
    from with_load
),

final as (
    select
        athlete_id,
        activity_id,
        gear_id,
        route_id,

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
        weighted_power_w,
        max_power_w,
        max_speed_m_per_s,
        work_kj,
        calories_kcal,
        average_temperature_c,
        altitude_min_m,
        altitude_max_m,
        relative_effort,
        kudos_count,
        athlete_count,

        gap_pace_s_per_km,
        gap_moving_time_s::double as gap_moving_time_s,
        gap_distance_m,
        case when gap_pace_s_per_km is not null then {{ setting('gap_model', 'varchar') }} end as gap_model,
        power_time_s::bigint as power_time_s,
        normalized_power_w,
        intensity_factor,
        training_stress_score,
        trimp,
        efficiency_factor,
        decoupling_pct,
        average_cadence_spm,
        training_load,
        training_load_source,
        training_load_note,
        heartrate_settings_source,

        origin,
        device_name,
        visibility,
        coalesce(workout_kind = 'race', false) as is_race,
        workout_kind,
        is_manual,
        is_commute,
        is_trainer,
        is_private,
        coalesce(sample_count, 0) > 0 as has_streams,
        coalesce(sample_count, 0)::bigint as sample_count,
        is_distance_consistent,
        power_coverage_pct,
        heartrate_coverage_pct,

        start_lat,
        start_lng,
        end_lat,
        end_lng,
        summary_polyline,

        timezone,
        utc_offset_s,
        activity_date,
        {{ week_start_date('started_at_local::date') }} as week_start_date,
        started_at,
        started_at_local
    from with_note
)

select * from final

with settings as (
    select * from {{ ref('int_athlete_settings') }}
),

final as (
    select
        athlete_id,
        valid_from,
        valid_to,

        max_heartrate_bpm,
        max_heartrate_bpm_source,
        resting_heartrate_bpm,
        resting_heartrate_bpm_source,
        threshold_heartrate_bpm,
        threshold_heartrate_bpm_source,
        ftp_w,
        ftp_w_source,
        threshold_pace_s_per_km,
        threshold_pace_s_per_km_source,
        sex,
        sex_source,
        weight_kg,
        weight_kg_source,
        duration_load_per_h,

        {{ setting('gap_model', 'varchar') }} as gap_model,
        {{ setting('fitness_days', 'double') }} as fitness_days,
        {{ setting('fatigue_days', 'double') }} as fatigue_days,
        {{ setting('marathon_exponent', 'double') }} as marathon_exponent
    from settings
)

select * from final

{%- set resting_heartrate_bpm = 60.0 -%}
{%- set threshold_share_of_reserve = 0.85 -%}

with athletes as (
    select * from {{ ref('int_athletes') }}
),

from_strava as (
    select * from {{ ref('stg_strava__athlete') }}
),

stream_aggregates as (
    select * from {{ ref('int_stream_aggregates') }}
),

estimates as (
    select athlete_id, max(heartrate_bpm_p999) as max_heartrate_bpm
    from stream_aggregates
    group by all
),

-- config.toml holds for every athlete
configured as (
    select
        {{ setting('sex', 'varchar') }} as sex,
        {{ setting('ftp_w', 'double') }} as ftp_w,
        {{ setting('threshold_pace_s_per_km', 'double') }} as threshold_pace_s_per_km,
        {{ setting('max_heartrate_bpm', 'double') }} as max_heartrate_bpm,
        {{ setting('resting_heartrate_bpm', 'double') }} as resting_heartrate_bpm,
        {{ setting('threshold_heartrate_bpm', 'double') }} as threshold_heartrate_bpm
),

settings as (
    select
        athletes.athlete_id,
        coalesce(configured.sex, from_strava.sex) as sex,
        nullif(coalesce(configured.ftp_w, from_strava.ftp_w), 0)::double as ftp_w,
        configured.threshold_pace_s_per_km,
        coalesce(configured.max_heartrate_bpm, estimates.max_heartrate_bpm)::double
            as max_heartrate_bpm,
        coalesce(configured.resting_heartrate_bpm, {{ resting_heartrate_bpm }})::double
            as resting_heartrate_bpm,
        configured.threshold_heartrate_bpm,
        configured.max_heartrate_bpm is not null
        and configured.resting_heartrate_bpm is not null
        and configured.threshold_heartrate_bpm is not null as is_heartrate_configured
    from athletes
    cross join configured
    left join from_strava using (athlete_id)
    left join estimates using (athlete_id)
),

with_threshold as (
    select
        * exclude (threshold_heartrate_bpm, is_heartrate_configured),
        coalesce(
            threshold_heartrate_bpm,
            resting_heartrate_bpm
                + {{ threshold_share_of_reserve }} * (max_heartrate_bpm - resting_heartrate_bpm)
        ) as threshold_heartrate_bpm,
        case when is_heartrate_configured then 'config' else 'estimate' end
            as heartrate_settings_source
    from settings
)

select * from with_threshold

with source as (
    select * from {{ source('strava_raw', 'streams') }}
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

renamed as (
    select
        activity_id,
        sample_index,

        time as time_s,
        distance as distance_m,
        lat as latitude_deg,
        lng as longitude_deg,
        altitude as altitude_m,
        velocity_smooth as speed_m_per_s,
        heartrate as heartrate_bpm,
        cadence as cadence_rpm,
        watts as power_w,
        temp as temperature_c,
        grade_smooth as gradient_pct,

        moving as is_moving
    from source
    where activity_id in (select activity_id from activities)
)

select * from renamed

with source as (
    select * from {{ source('strava_raw', 'streams') }}
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

renamed as (
    select
        activities.athlete_id,
        source.activity_id,
        source.sample_index,

        source.time as time_s,
        source.distance as distance_m,
        source.lat as latitude_deg,
        source.lng as longitude_deg,
        source.altitude as altitude_m,
        source.velocity_smooth as speed_m_per_s,
        source.heartrate as heartrate_bpm,
        source.cadence as cadence_rpm,
        source.watts as power_w,
        source.temp as temperature_c,
        source.grade_smooth as gradient_pct,

        source.moving as is_moving
    from source
    -- raw samples say whose they are through their activity
    inner join activities using (activity_id)
)

select * from renamed

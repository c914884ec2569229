with source as (
    select * from {{ source('strava_raw', 'stream_fetches') }}
),

renamed as (
    select
        activity_id,
        status,
        error as error_message,
        sample_count,
        attempt_count,
        distance as distance_m,
        moving_time as moving_time_s,
        elapsed_time as elapsed_time_s,
        fetched_at,
        next_attempt_at
    from source
)

select * from renamed

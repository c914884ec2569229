with source as (
    select * from {{ source('strava_raw', 'stream_fetches') }}
),

renamed as (
    select
        activity_id,
        status,
        error,
        sample_count,
        attempt_count,
        fetched_at,
        next_attempt_at
    from source
)

select * from renamed

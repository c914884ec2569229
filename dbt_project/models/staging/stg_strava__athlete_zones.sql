with source as (
    select * from {{ source('strava_raw', 'athlete_zones') }}
),

renamed as (
    select
        zone_kind,
        zone_index,
        min as min_value,
        nullif(max, -1) as max_value,
        custom_zones as is_custom
    from source
)

select * from renamed

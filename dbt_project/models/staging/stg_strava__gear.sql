with source as (
    select * from {{ source('strava_raw', 'gear') }}
),

renamed as (
    select
        id as gear_id,
        gear_kind,
        name as gear_name,
        nullif(nickname, '') as nickname,
        distance as strava_distance_m,
        coalesce("primary", false) as is_primary,
        coalesce(retired, false) as is_retired
    from source
)

select * from renamed

with source as (
    select * from {{ source('strava_raw', 'gear') }}
),

renamed as (
    select
        id as gear_id,
        gear_kind,
        coalesce(nullif(nickname, ''), name) as gear_name,
        coalesce(retired, false) as is_retired
    from source
)

select * from renamed

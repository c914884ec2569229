with source as (
    select * from {{ source('strava_raw', 'athlete') }}
),

newest as (
    select *
    from source
    qualify row_number() over (partition by id order by refreshed_at desc) = 1
),

renamed as (
    select
        id as athlete_id,
        case when sex in ('M', 'F') then sex end as sex,
        nullif(ftp, 0)::double as ftp_w,
        nullif(weight, 0) as weight_kg,
        -- rows of an older version have no origin, and only the API's know when they were refreshed
        case
            when origin = 'archive' or (origin is null and refreshed_at is null) then 'archive'
            else 'strava'
        end as settings_source
    from newest
)

select * from renamed

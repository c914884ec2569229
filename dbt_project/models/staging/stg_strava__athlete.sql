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
        ftp::double as ftp_w,
        weight as weight_kg
    from newest
)

select * from renamed

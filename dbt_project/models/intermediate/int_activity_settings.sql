with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

settings as (
    select * from {{ ref('int_athlete_settings') }}
),

days as (
    select
        athlete_id,
        activity_id,
        -- without a date (null is passed over), or with one before all periods, the first period holds
        greatest(activity_date, date '1900-01-01') as settings_date
    from activities
),

activity_settings as (
    select days.athlete_id, days.activity_id, settings.* exclude (athlete_id)
    from days
    asof inner join settings
        on days.athlete_id = settings.athlete_id
        and days.settings_date >= settings.valid_from
)

select * from activity_settings

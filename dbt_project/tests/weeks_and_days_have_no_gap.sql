-- The windows over four weeks and the exponential means count rows as weeks and days.
with weekly_volume as (
    select * from {{ ref('weekly_volume') }}
),

daily_training_load as (
    select * from {{ ref('daily_training_load') }}
),

steps as (
    select
        athlete_id,
        sport_type as series,
        week_start_date as first_date,
        lead(week_start_date) over (
            partition by athlete_id, sport_type order by week_start_date
        ) - week_start_date as step_days,
        7 as expected_days
    from weekly_volume
    union all
    select
        athlete_id,
        'daily_training_load' as series,
        load_date as first_date,
        lead(load_date) over (partition by athlete_id order by load_date) - load_date as step_days,
        1 as expected_days
    from daily_training_load
)

select * from steps where step_days <> expected_days

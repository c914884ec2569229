{%- set window_days = 90 -%}

with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

first_activities as (
    select athlete_id, min(activity_date) as first_activity_date
    from activities
    group by all
),

months as (
    select
        athlete_id,
        today,
        {{ calendar("date_trunc('month', first_activity_date)", 'today', '1 month') }} as month_start_date
    from athletes
    inner join first_activities using (athlete_id)
),

with_windows as (
    select
        athlete_id,
        month_start_date,
        least(last_day(month_start_date), today) as last_date,
        last_date - {{ window_days - 1 }} as window_start_date
    from months
)

select * from with_windows

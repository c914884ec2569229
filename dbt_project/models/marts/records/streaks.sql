with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

-- a period is a day or a week, by its first day
active_periods as (
    select distinct
        athlete_id, 'day' as streak_kind, 1 as period_days, activity_date as period_start
    from activities
    union all
    select distinct
        athlete_id, 'week' as streak_kind, 7 as period_days, week_start_date as period_start
    from activities
),

-- consecutive periods have the same origin
with_origin as (
    select
        *,
        period_start - (
            period_days * row_number() over (
                partition by athlete_id, streak_kind order by period_start
            )
        )::integer as origin
    from active_periods
),

streaks as (
    select
        athlete_id,
        streak_kind,
        period_days,
        min(period_start) as start_date,
        max(period_start) as last_period_start,
        count(*) as length
    from with_origin
    group by athlete_id, streak_kind, period_days, origin
),

with_end as (
    select
        streaks.athlete_id,
        streaks.streak_kind,
        streaks.start_date,
        streaks.last_period_start + streaks.period_days - 1 as end_date,
        streaks.length,
        -- the period of today or the one before it
        streaks.last_period_start + 2 * streaks.period_days > athletes.today as is_current
    from streaks
    inner join athletes using (athlete_id)
)

select * from with_end

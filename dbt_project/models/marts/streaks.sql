with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

today as (
    select {{ today() }} as today
),

-- a period is a day or a week, by its first day
active_periods as (
    select distinct 'day' as streak_kind, 1 as period_days, activity_date as period_start
    from activities
    union all
    select distinct 'week' as streak_kind, 7 as period_days, week_start_date as period_start
    from activities
),

-- consecutive periods have the same origin
with_origin as (
    select
        *,
        period_start - (
            period_days * row_number() over (partition by streak_kind order by period_start)
        )::integer as origin
    from active_periods
),

streaks as (
    select
        streak_kind,
        period_days,
        min(period_start) as start_date,
        max(period_start) as last_period_start,
        count(*) as length
    from with_origin
    group by streak_kind, period_days, origin
),

with_end as (
    select
        streaks.streak_kind,
        streaks.start_date,
        streaks.last_period_start + streaks.period_days - 1 as end_date,
        streaks.length,
        -- the period of today or the one before it
        streaks.last_period_start + 2 * streaks.period_days > today.today as is_current
    from streaks
    cross join today
)

select * from with_end

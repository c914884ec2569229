with activities as (
    select * from {{ ref('activities') }}
),

streaks as (
    select * from {{ ref('streaks') }}
),

active as (
    select
        athlete_id,
        count(distinct activity_date) as active_days,
        count(distinct week_start_date) as active_weeks
    from activities
    group by all
),

in_streaks as (
    select
        athlete_id,
        sum(length) filter (where streak_kind = 'day') as active_days,
        sum(length) filter (where streak_kind = 'week') as active_weeks,
        count(*) filter (
            where end_date - start_date + 1
                <> length * case streak_kind when 'day' then 1 else 7 end
        ) as wrong_lengths
    from streaks
    group by all
),

failures as (
    select athlete_id, active.*, in_streaks.*
    from active
    full join in_streaks using (athlete_id)
    where
        coalesce(active.active_days, 0) <> coalesce(in_streaks.active_days, 0)
        or coalesce(active.active_weeks, 0) <> coalesce(in_streaks.active_weeks, 0)
        or in_streaks.wrong_lengths > 0
)

select athlete_id from failures

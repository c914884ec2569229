with activities as (
    select * from {{ ref('activities') }}
),

streaks as (
    select * from {{ ref('streaks') }}
),

counted as (
    select
        (select count(distinct activity_date) from activities) as active_days,
        (select count(distinct week_start_date) from activities) as active_weeks,
        coalesce(sum(length) filter (where streak_kind = 'day'), 0) as days_in_streaks,
        coalesce(sum(length) filter (where streak_kind = 'week'), 0) as weeks_in_streaks,
        count(*) filter (
            where end_date - start_date + 1
                <> length * case streak_kind when 'day' then 1 else 7 end
        ) as wrong_lengths
    from streaks
)

select *
from counted
where active_days <> days_in_streaks or active_weeks <> weeks_in_streaks or wrong_lengths > 0

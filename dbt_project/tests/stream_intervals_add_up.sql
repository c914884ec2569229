-- Work and rest add up to the seconds with power, or on foot with a speed; no piece begins before the one before it is over.
with intervals as (
    select * from {{ ref('intervals') }}
),

seconds as (
    select
        athlete_id,
        activity_id,
        sum(time_s) filter (where value_kind = 'power') as power_s,
        sum(time_s) filter (where value_kind = 'pace') as pace_s
    from {{ ref('int_seconds_by_value') }}
    group by all
),

with_next as (
    select
        *,
        lead(start_time_s) over (
            partition by athlete_id, activity_id order by interval_index
        ) < start_time_s + duration_s as is_overlapping
    from intervals
),

sums as (
    select
        athlete_id,
        activity_id,
        sum(duration_s) as duration_s,
        coalesce(bool_or(is_overlapping), false) as is_overlapping
    from with_next
    group by all
),

failures as (
    select athlete_id, activity_id, sums.duration_s
    from sums
    left join seconds using (athlete_id, activity_id)
    where
        is_overlapping
        or sums.duration_s <> coalesce(seconds.power_s, seconds.pace_s, sums.duration_s)
)

select * from failures

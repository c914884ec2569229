-- Work and rest add up to the seconds that they were found in, on foot those of the grade-adjusted pace, and no piece
-- begins before the one before it is over.
with intervals as (
    select * from {{ ref('intervals') }}
),

activities as (
    select * from {{ ref('int_stream_aggregates') }}
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
    inner join activities using (athlete_id, activity_id)
    where
        is_overlapping
        or sums.duration_s <> coalesce(
            activities.power_time_s, activities.gap_moving_time_s, sums.duration_s
        )
)

select * from failures

-- Splits add up to the stream's distance and elapsed time, where the stream agrees with the activity.
with splits as (
    select
        athlete_id,
        activity_id,
        sum(distance_m) as distance_m,
        sum(elapsed_time_s) as elapsed_time_s
    from {{ ref('splits') }}
    group by all
),

streams as (
    select * from {{ ref('int_stream_aggregates') }}
    where stream_distance_m > 0 and is_distance_consistent
),

failures as (
    select athlete_id, activity_id, streams.stream_distance_m, splits.distance_m
    from streams
    full join splits using (athlete_id, activity_id)
    where
        coalesce(abs(splits.distance_m - streams.stream_distance_m) > 0.001, true)
        or coalesce(abs(splits.elapsed_time_s - streams.stream_elapsed_time_s) > 0.001, true)
)

select * from failures

-- Within an activity, a best effort over a longer distance never takes less time than a shorter one.
with compared as (
    select
        *,
        lag(elapsed_time_s) over (
            partition by athlete_id, activity_id order by effort_distance_m
        ) as shorter_effort_time_s
    from {{ ref('int_best_efforts') }}
)

select * from compared
where elapsed_time_s < shorter_effort_time_s

with samples as (
    select * from {{ ref('int_samples') }}
    where has_power_meter
),

power_intervals as (
    {{ intervals('samples', 'power_w is not null') }}
),

runs as (
    select
        *,
        -- several times as fast as a count
        sum(1) filter (where not is_counted) over (
            partition by athlete_id, activity_id order by time_s
        ) as run_index
    from power_intervals
),

-- 1 Hz expansion: each interval that is no pause repeats its value for all its seconds
seconds as (
    select
        athlete_id,
        activity_id,
        run_index,
        power_w,
        unnest(range(time_s - interval_s + 1, time_s + 1)) as second_s
    from runs
    where is_counted
),

summed as (
    select
        athlete_id,
        activity_id,
        run_index,
        second_s,
        power_w,
        row_number() over in_run as second_of_run,
        sum(power_w) over in_run as energy_j
    from seconds
    window in_run as (partition by athlete_id, activity_id, run_index order by second_s)
)

select * from summed

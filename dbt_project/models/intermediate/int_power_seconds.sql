with power_intervals as (
    select * from {{ ref('int_interval_values') }}
    where value_kind = 'power'
),

-- 1 Hz expansion: each interval repeats its value for all its seconds
seconds as (
    select
        athlete_id,
        activity_id,
        value as power_w,
        unnest(range(time_s - interval_s + 1, time_s + 1)) as second_s
    from power_intervals
),

-- a run holds seconds that follow one another: a pause ends it
runs as (
    select
        *,
        second_s - row_number() over (partition by athlete_id, activity_id order by second_s) as run_index
    from seconds
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
    from runs
    window in_run as (partition by athlete_id, activity_id, run_index order by second_s)
)

select * from summed

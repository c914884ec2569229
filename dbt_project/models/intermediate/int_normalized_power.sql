with power_seconds as (
    select * from {{ ref('int_power_seconds') }}
),

-- full windows only, and none across a pause
rolling_means as (
    select
        activity_id,
        second_of_run,
        (energy_j - coalesce(lag(energy_j, 30) over (
            partition by activity_id, run_index order by second_s
        ), 0)) / 30.0 as power_30s_w
    from power_seconds
),

normalized as (
    select
        activity_id,
        count(*) as power_time_s,
        pow(
            avg(pow(power_30s_w::double, 4)) filter (where second_of_run >= 30), 0.25
        ) as normalized_power_w
    from rolling_means
    group by all
)

select * from normalized

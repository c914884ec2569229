{%- set window_s = 30 -%}

with power_seconds as (
    select * from {{ ref('int_power_seconds') }}
),

-- full windows only, and none across a pause
rolling_means as (
    select
        athlete_id,
        activity_id,
        second_of_run,
        (energy_j - coalesce(lag(energy_j, {{ window_s }}) over (
            partition by athlete_id, activity_id, run_index order by second_s
        ), 0)) / {{ window_s }}.0 as window_power_w
    from power_seconds
),

normalized as (
    select
        athlete_id,
        activity_id,
        count(*) as power_time_s,
        pow(
            avg(pow(window_power_w::double, 4)) filter (where second_of_run >= {{ window_s }}), 0.25
        ) as normalized_power_w
    from rolling_means
    group by all
)

select * from normalized

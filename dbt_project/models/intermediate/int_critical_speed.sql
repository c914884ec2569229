{%- set shortest_effort_s = 120 -%}
{%- set longest_effort_s = 1200 -%}
{%- set fewest_efforts = 3 -%}

with recent_efforts as (
    select * from {{ ref('int_recent_efforts') }}
),

fastest_efforts as (
    select athlete_id, effort_distance_m, min(elapsed_time_s) as elapsed_time_s
    from recent_efforts
    group by all
),

-- D = CS * t + D' by least squares
critical_speed as (
    select
        athlete_id,
        regr_slope(effort_distance_m, elapsed_time_s) as critical_speed_m_per_s,
        regr_intercept(effort_distance_m, elapsed_time_s) as reserve_m
    from fastest_efforts
    where elapsed_time_s between {{ shortest_effort_s }} and {{ longest_effort_s }}
    group by all
    having count(*) >= {{ fewest_efforts }}
)

select * from critical_speed

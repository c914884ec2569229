{%- set shortest_effort_s = 120 -%}
{%- set longest_effort_s = 1200 -%}
{%- set fewest_efforts = 3 -%}

with months as (
    select * from {{ ref('int_months') }}
),

efforts as (
    select * from {{ ref('int_running_efforts') }}
),

fastest_efforts as (
    select
        months.athlete_id,
        months.month_start_date,
        efforts.effort_distance_m,
        min(efforts.elapsed_time_s) as elapsed_time_s
    from months
    inner join efforts
        on months.athlete_id = efforts.athlete_id
        and efforts.activity_date between months.window_start_date and months.last_date
    group by all
),

counted_efforts as (
    select * from fastest_efforts
    where elapsed_time_s between {{ shortest_effort_s }} and {{ longest_effort_s }}
),

-- D = CS * t + D' by least squares
lines as (
    select
        athlete_id,
        month_start_date,
        regr_slope(effort_distance_m, elapsed_time_s) as critical_speed_m_per_s,
        regr_intercept(effort_distance_m, elapsed_time_s) as d_prime_m,
        regr_sxx(effort_distance_m, elapsed_time_s) as squares_of_time_s2,
        count(*) as effort_count
    from counted_efforts
    group by all
    -- equal times have no slope
    having effort_count >= {{ fewest_efforts }} and squares_of_time_s2 > 0
),

with_errors as (
    select
        lines.athlete_id,
        lines.month_start_date,
        lines.critical_speed_m_per_s,
        lines.d_prime_m,
        sqrt(
            sum(pow(
                efforts.effort_distance_m
                    - lines.critical_speed_m_per_s * efforts.elapsed_time_s
                    - lines.d_prime_m,
                2
            ))
            / nullif(lines.effort_count - 2, 0) / nullif(lines.squares_of_time_s2, 0)
        ) as standard_error_m_per_s,
        lines.effort_count
    from lines
    inner join counted_efforts as efforts using (athlete_id, month_start_date)
    where lines.critical_speed_m_per_s > 0
    group by
        lines.athlete_id, lines.month_start_date, lines.critical_speed_m_per_s, lines.d_prime_m,
        lines.effort_count, lines.squares_of_time_s2
)

select * from with_errors

{%- set shortest_duration_s = 120 -%}
{%- set longest_duration_s = 1200 -%}
{%- set fewest_efforts = 3 -%}

with months as (
    select * from {{ ref('int_months') }}
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

power_curve as (
    select * from {{ ref('power_curve') }}
    where duration_s between {{ shortest_duration_s }} and {{ longest_duration_s }}
),

dated_means as (
    select
        power_curve.athlete_id,
        activities.activity_date,
        power_curve.duration_s,
        power_curve.average_power_w
    from power_curve
    inner join activities using (athlete_id, activity_id)
),

best_means as (
    select
        months.athlete_id,
        months.month_start_date,
        dated_means.duration_s,
        max(dated_means.average_power_w * dated_means.duration_s) as work_j
    from months
    inner join dated_means
        on months.athlete_id = dated_means.athlete_id
        and dated_means.activity_date between months.window_start_date and months.last_date
    group by all
),

-- W = CP * t + W' by least squares
lines as (
    select
        athlete_id,
        month_start_date,
        regr_slope(work_j, duration_s) as critical_power_w,
        regr_intercept(work_j, duration_s) as w_prime_j,
        regr_sxx(work_j, duration_s) as squares_of_time_s2,
        count(*) as effort_count
    from best_means
    group by all
    having effort_count >= {{ fewest_efforts }}
),

with_errors as (
    select
        lines.athlete_id,
        lines.month_start_date,
        lines.critical_power_w,
        lines.w_prime_j,
        sqrt(
            sum(pow(
                best_means.work_j
                    - lines.critical_power_w * best_means.duration_s
                    - lines.w_prime_j,
                2
            ))
            / nullif(lines.effort_count - 2, 0) / nullif(lines.squares_of_time_s2, 0)
        ) as standard_error_w,
        lines.effort_count
    from lines
    inner join best_means using (athlete_id, month_start_date)
    where lines.critical_power_w > 0 and lines.w_prime_j >= 0
    group by
        lines.athlete_id, lines.month_start_date, lines.critical_power_w, lines.w_prime_j,
        lines.effort_count, lines.squares_of_time_s2
)

select * from with_errors

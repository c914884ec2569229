{{ config(materialized='table') }}

with best_efforts as (
    select * from {{ ref('best_efforts') }}
    where sport_group = 'foot'
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

targets as (
    select unnest([1500, 5000, 10000, 21097.5, 42195])::double as target_distance_m
),

recent_efforts as (
    select best_efforts.*
    from best_efforts
    inner join activities using (activity_id)
    where activities.activity_date > {{ today() }} - 90
),

-- T2 = T1 * (D2 / D1)^1.06, from the effort that predicts fastest
riegel_predictions as (
    select
        targets.target_distance_m,
        efforts.activity_id,
        efforts.effort_distance_m,
        efforts.elapsed_time_s,
        efforts.elapsed_time_s
            * pow(targets.target_distance_m / efforts.effort_distance_m, 1.06) as predicted_time_s
    from recent_efforts as efforts
    cross join targets
    where efforts.elapsed_time_s between 3.5 * 60 and 230 * 60
    qualify row_number() over (
        partition by targets.target_distance_m
        order by predicted_time_s, efforts.effort_started_at, efforts.effort_distance_m
    ) = 1
),

riegel as (
    select *
    from riegel_predictions
    where predicted_time_s between 3.5 * 60 and 230 * 60
),

fastest_efforts as (
    select effort_distance_m, min(elapsed_time_s) as elapsed_time_s
    from recent_efforts
    group by all
),

-- D = CS * t + D' by least squares
critical_speed_line as (
    select
        regr_slope(effort_distance_m, elapsed_time_s) as critical_speed_m_per_s,
        regr_intercept(effort_distance_m, elapsed_time_s) as reserve_m
    from fastest_efforts
    where elapsed_time_s between 120 and 1200
    having count(*) >= 3
),

critical_speed as (
    select
        targets.target_distance_m,
        (targets.target_distance_m - line.reserve_m) / line.critical_speed_m_per_s
            as predicted_time_s
    from critical_speed_line as line
    cross join targets
    where line.critical_speed_m_per_s > 0 and predicted_time_s between 120 and 3600
),

predictions as (
    select
        'foot' as sport_group,
        target_distance_m,
        'riegel' as method,
        predicted_time_s,
        activity_id as effort_activity_id,
        effort_distance_m,
        elapsed_time_s as effort_time_s
    from riegel
    union all
    select
        'foot' as sport_group,
        target_distance_m,
        'critical_speed' as method,
        predicted_time_s,
        null as effort_activity_id,
        null as effort_distance_m,
        null as effort_time_s
    from critical_speed
)

select * from predictions

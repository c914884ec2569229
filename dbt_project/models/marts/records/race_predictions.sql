{%- set targets_m = [1500, 5000, 10000, 21097.5, 42195] -%}
{%- set riegel_exponent = 1.06 -%}
{%- set riegel_limits_s = '3.5 * 60 and 230 * 60' -%}
{%- set critical_speed_limits_s = '120 and 3600' -%}

with recent_efforts as (
    select * from {{ ref('int_recent_efforts') }}
),

critical_speeds as (
    select * from {{ ref('int_critical_speed') }}
),

targets as (
    select unnest({{ targets_m }})::double as target_distance_m
),

-- T2 = T1 * (D2 / D1)^1.06, from the effort that predicts fastest
fastest_predictions as (
    select
        efforts.athlete_id,
        targets.target_distance_m,
        'riegel' as method,
        efforts.elapsed_time_s * pow(
            targets.target_distance_m / nullif(efforts.effort_distance_m, 0), {{ riegel_exponent }}
        ) as predicted_time_s,
        efforts.activity_id as effort_activity_id,
        efforts.effort_distance_m,
        efforts.elapsed_time_s as effort_time_s
    from recent_efforts as efforts
    cross join targets
    where efforts.elapsed_time_s between {{ riegel_limits_s }}
    qualify row_number() over (
        partition by efforts.athlete_id, targets.target_distance_m
        order by predicted_time_s, efforts.effort_started_at, efforts.effort_distance_m
    ) = 1
),

riegel as (
    select * from fastest_predictions
    where predicted_time_s between {{ riegel_limits_s }}
),

critical_speed as (
    select
        speeds.athlete_id,
        targets.target_distance_m,
        'critical_speed' as method,
        (targets.target_distance_m - speeds.reserve_m) / nullif(speeds.critical_speed_m_per_s, 0)
            as predicted_time_s
    from critical_speeds as speeds
    cross join targets
    where
        speeds.critical_speed_m_per_s > 0
        and predicted_time_s between {{ critical_speed_limits_s }}
),

predictions as (
    select * from riegel
    union all by name
    select * from critical_speed
),

with_sport_group as (
    select athlete_id, 'foot' as sport_group, * exclude (athlete_id)
    from predictions
)

select * from with_sport_group

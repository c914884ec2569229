{%- set targets_m = [1500, 5000, 10000, 21097.5, 42195] -%}
{%- set recent_days = 90 -%}
{%- set half_marathon_m = 21097.5 -%}
{%- set riegel_exponent = 1.06 -%}
{%- set least_share_of_target = 0.25 -%}
{%- set riegel_effort_limits_s = '3.5 * 60 and 230 * 60' -%}
{%- set riegel_limits_s = '3.5 * 60 and 400 * 60' -%}
{%- set critical_speed_limits_s = '2 * 60 and 60 * 60' -%}

with running_efforts as (
    select * from {{ ref('int_running_efforts') }}
),

critical_speeds as (
    select * from {{ ref('critical_speed') }}
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

effort_distances as (
    select * from {{ ref('effort_distances') }}
),

targets as (
    select effort_distance_m as target_distance_m, effort_label as target_label
    from effort_distances
    where sport_group = 'foot' and effort_distance_m in {{ targets_m }}
),

recent_efforts as (
    select running_efforts.*
    from running_efforts
    inner join athletes using (athlete_id)
    where running_efforts.activity_date > athletes.today - {{ recent_days }}
),

distances as (
    select target_distance_m as distance_m from targets
    union
    select effort_distance_m as distance_m from recent_efforts
),

-- g(D): D^1.06 up to the half-marathon H, H^1.06 * (D/H)^marathon_exponent beyond it
costs as (
    select
        distance_m,
        pow(least(distance_m, {{ half_marathon_m }}), {{ riegel_exponent }})
        * pow(
            greatest(distance_m, {{ half_marathon_m }}) / {{ half_marathon_m }},
            {{ var('marathon_exponent') }}
        ) as cost
    from distances
),

-- T2 = T1 * g(D2) / g(D1), from the effort that predicts fastest
fastest_predictions as (
    select
        efforts.athlete_id,
        targets.target_distance_m,
        'riegel' as method,
        efforts.elapsed_time_s * target_costs.cost / nullif(effort_costs.cost, 0)
            as predicted_time_s,
        efforts.activity_id as effort_activity_id,
        efforts.effort_distance_m,
        efforts.elapsed_time_s as effort_time_s
    from recent_efforts as efforts
    inner join targets
        on efforts.effort_distance_m >= {{ least_share_of_target }} * targets.target_distance_m
    inner join costs as target_costs on targets.target_distance_m = target_costs.distance_m
    inner join costs as effort_costs on efforts.effort_distance_m = effort_costs.distance_m
    where efforts.elapsed_time_s between {{ riegel_effort_limits_s }}
    qualify row_number() over (
        partition by efforts.athlete_id, targets.target_distance_m
        order by predicted_time_s, efforts.effort_started_at, efforts.effort_distance_m
    ) = 1
),

riegel as (
    select * from fastest_predictions
    where predicted_time_s between {{ riegel_limits_s }}
),

-- of this month, whose 90 days end today
critical_speed as (
    select
        speeds.athlete_id,
        targets.target_distance_m,
        'critical_speed' as method,
        (targets.target_distance_m - speeds.d_prime_m) / nullif(speeds.critical_speed_m_per_s, 0)
            as predicted_time_s
    from critical_speeds as speeds
    inner join athletes
        on speeds.athlete_id = athletes.athlete_id
        and speeds.month_start_date = date_trunc('month', athletes.today)::date
    cross join targets
    where predicted_time_s between {{ critical_speed_limits_s }}
),

predictions as (
    select * from riegel
    union all by name
    select * from critical_speed
),

labelled as (
    select
        predictions.athlete_id,
        'foot' as sport_group,
        predictions.* exclude (athlete_id),
        targets.target_label,
        effort_distances.effort_label
    from predictions
    inner join targets using (target_distance_m)
    left join effort_distances
        on predictions.effort_distance_m = effort_distances.effort_distance_m
        and effort_distances.sport_group = 'foot'
)

select * from labelled

{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with interval_values as (
    select * from {{ ref('int_interval_values') }}
    where value_kind in ('heartrate', 'power')
),

-- a speed is grade-adjusted where the sample has a grade
foot_samples as (
    select
        *,
        case when slope is null then 1 else {{ grade_factor('slope') }} end * speed_m_per_s
            as adjusted_speed_m_per_s
    from {{ ref('int_graded_samples') }}
    where is_distance_consistent is distinct from false
),

pace_intervals as (
    {{ intervals('foot_samples', 'adjusted_speed_m_per_s is not null') }}
),

valued_intervals as (
    select athlete_id, activity_id, value_kind, value, interval_s
    from interval_values
    union all
    select
        athlete_id, activity_id, 'pace' as value_kind, adjusted_speed_m_per_s as value, interval_s
    from pace_intervals
    where is_counted
),

seconds_by_value as (
    select athlete_id, activity_id, value_kind, value, sum(interval_s)::bigint as time_s
    from valued_intervals
    group by all
)

select * from seconds_by_value

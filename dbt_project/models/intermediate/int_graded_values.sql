with grade_adjusted as (
    select * from {{ ref('int_grade_adjusted') }}
),

-- a speed is grade-adjusted where the sample has a grade
graded_samples as (
    select
        *,
        case when slope is null then 1 else {{ grade_factor('slope') }} end * speed_m_per_s
            as adjusted_speed_m_per_s
    from {{ ref('int_graded_samples') }}
    where is_distance_consistent is distinct from false
),

pace_intervals as (
    {{ intervals('graded_samples', 'adjusted_speed_m_per_s is not null') }}
),

graded_values as (
    select
        athlete_id,
        activity_id,
        'grade_adjusted' as value_kind,
        time_s,
        interval_s,
        gap_distance_m / interval_s as value
    from grade_adjusted
    union all
    select
        athlete_id, activity_id, 'pace' as value_kind, time_s, interval_s, adjusted_speed_m_per_s as value
    from pace_intervals
    where is_counted
)

select * from graded_values

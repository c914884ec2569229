with samples as (
    select * from {{ ref('int_graded_samples') }}
    where is_distance_consistent
),

graded_intervals as (
    {{ intervals('samples', 'has_distance and slope is not null') }}
),

grade_adjusted as (
    select
        athlete_id,
        activity_id,
        time_s,
        interval_s,
        interval_mm / 1000 * {{ grade_factor('slope') }} as gap_distance_m
    from graded_intervals
    where is_counted and is_moving
)

select * from grade_adjusted

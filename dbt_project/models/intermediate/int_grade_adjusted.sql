with samples as (
    select * from {{ ref('int_graded_samples') }}
),

graded_intervals as (
    {{ intervals('samples', 'has_distance and slope is not null') }}
),

grade_adjusted as (
    select
        athlete_id,
        activity_id,
        sum(interval_s)::double as gap_moving_time_s,
        sum(interval_mm / 1000 * {{ grade_factor('slope') }}) as gap_distance_m
    from graded_intervals
    where is_counted and is_moving
    group by all
)

select * from grade_adjusted

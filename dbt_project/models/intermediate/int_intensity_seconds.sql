with interval_values as (
    select * from {{ ref('int_interval_values') }}
    union all by name
    select * from {{ ref('int_graded_values') }}
),

-- 1 Hz expansion: each interval repeats its value for all its seconds
seconds as (
    select
        athlete_id,
        activity_id,
        value_kind as intensity_kind,
        value as intensity,
        unnest(range(time_s - interval_s + 1, time_s + 1)) as second_s
    from interval_values
    where value_kind in ('power', 'pace', 'grade_adjusted', 'speed')
)

select * from seconds

with foot_samples as (
    select * from {{ ref('int_foot_samples') }}
),

batch_activities as (
    select * from {{ ref('int_batch_activities') }}
),

samples as (
    select * from foot_samples
    where activity_id in (select activity_id from batch_activities)
)

select * from samples

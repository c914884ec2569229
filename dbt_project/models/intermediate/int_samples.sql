with clean_samples as (
    select * from {{ ref('int_clean_samples') }}
),

batch_activities as (
    select * from {{ ref('int_batch_activities') }}
),

samples as (
    select * from clean_samples
    where activity_id in (select activity_id from batch_activities)
)

select * from samples

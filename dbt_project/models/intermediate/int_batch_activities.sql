with activities as (
    select * from {{ ref('int_stream_changes') }}
),

batch_activities as (
    select * from activities
    where activity_id in (select unnest(getvariable('stream_activities')))
)

select * from batch_activities

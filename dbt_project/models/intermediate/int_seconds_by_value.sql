{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with interval_values as (
    select * from {{ ref('int_interval_values') }}
    union all by name
    select * from {{ ref('int_graded_values') }}
),

seconds_by_value as (
    select athlete_id, activity_id, value_kind, value, sum(interval_s)::bigint as time_s
    from interval_values
    where value_kind in ('heartrate', 'power', 'pace')
    group by all
)

select * from seconds_by_value

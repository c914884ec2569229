{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with interval_values as (
    select * from {{ ref('int_interval_values') }}
),

batch_activities as (
    select * from {{ ref('int_batch_activities') }}
),

efforts as (
    select
        athlete_id,
        activity_id,
        effort_distance_m,
        start_time_s as from_s,
        start_time_s + elapsed_time_s as to_s
    from {{ ref('int_best_efforts') }}
    where activity_id in (select activity_id from batch_activities)
),

sums as (
    {{ sums_over('efforts', 'effort_distance_m', 'interval_values', ['heartrate']) }}
),

heartrates as (
    select
        athlete_id,
        activity_id,
        effort_distance_m,
        heartrate_sum / heartrate_s as average_heartrate_bpm
    from sums
)

select * from heartrates

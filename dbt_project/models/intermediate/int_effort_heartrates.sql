{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with samples as (
    select * from {{ ref('int_samples') }}
),

efforts as (
    select * from {{ ref('int_best_efforts') }}
),

heartrate_intervals as (
    {{ intervals('samples', 'heartrate_bpm is not null') }}
),

-- the counted seconds with heart rate that lie within an effort
shares as (
    select
        efforts.athlete_id,
        efforts.activity_id,
        efforts.effort_distance_m,
        intervals.heartrate_bpm,
        {{ overlap_s('intervals', 'efforts.start_time_s', 'efforts.start_time_s + efforts.elapsed_time_s') }}
            as share_s
    from heartrate_intervals as intervals
    inner join efforts
        on intervals.athlete_id = efforts.athlete_id
        and intervals.activity_id = efforts.activity_id
        and intervals.time_s > efforts.start_time_s
        and intervals.time_s - intervals.interval_s < efforts.start_time_s + efforts.elapsed_time_s
    where intervals.is_counted
),

heartrates as (
    select
        athlete_id,
        activity_id,
        effort_distance_m,
        sum(heartrate_bpm * share_s) / nullif(sum(share_s), 0) as average_heartrate_bpm
    from shares
    group by all
)

select * from heartrates

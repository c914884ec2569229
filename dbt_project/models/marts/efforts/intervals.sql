{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with pieces as (
    select
        *,
        start_s as from_s,
        start_s + duration_s as to_s
    from {{ ref('int_work_pieces') }}
),

samples as (
    select * from {{ ref('int_samples') }}
    where is_distance_consistent and activity_id in (select activity_id from pieces)
),

interval_values as (
    select * from {{ ref('int_interval_values') }}
),

sums as (
    {{ sums_over('pieces', 'interval_index', 'interval_values', ['power', 'heartrate']) }}
),

-- distance, interpolated over time at both ends, held beyond its first (0) and last value

curve as (
    {{ intervals('samples', 'has_distance') }}
),

legs as (
    select
        athlete_id,
        activity_id,
        time_s,
        distance_mm,
        lead(time_s) over in_order - time_s as leg_s,
        lead(distance_mm) over in_order - distance_mm as leg_mm
    from curve
    window in_order as (partition by athlete_id, activity_id order by time_s)
),

ends as (
    select athlete_id, activity_id, interval_index, unnest([from_s, to_s]) as end_s
    from pieces
    where activity_id in (select activity_id from legs)
),

end_distances as (
    select
        ends.athlete_id,
        ends.activity_id,
        ends.interval_index,
        coalesce(
            legs.distance_mm + coalesce((ends.end_s - legs.time_s) / legs.leg_s * legs.leg_mm, 0), 0
        ) as distance_mm
    from ends
    asof left join legs
        on ends.athlete_id = legs.athlete_id
        and ends.activity_id = legs.activity_id and ends.end_s >= legs.time_s
),

distances as (
    select
        athlete_id,
        activity_id,
        interval_index,
        (max(distance_mm) - min(distance_mm)) / 1000 as distance_m
    from end_distances
    group by all
),

with_values as (
    select
        pieces.athlete_id,
        pieces.activity_id,
        pieces.interval_index,
        case when pieces.is_work then 'work' else 'rest' end as interval_kind,
        pieces.start_s::double as start_time_s,
        pieces.duration_s::double as duration_s,
        distances.distance_m::double as distance_m,
        1000 * pieces.duration_s / nullif(distances.distance_m, 0) as pace_s_per_km,
        sums.power_sum / sums.power_s as average_power_w,
        sums.heartrate_sum / sums.heartrate_s as average_heartrate_bpm
    from pieces
    left join sums using (athlete_id, activity_id, interval_index)
    left join distances using (athlete_id, activity_id, interval_index)
)

select * from with_values

{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- Times are compared as whole counts of 2^-30 s, about a nanosecond: the noise of the interpolation
    must not choose among equal stretches, and dividing by a power of two is exact. -#}
{%- set counts_per_s = 2 ** 30 %}

with legs as (
    select * from {{ ref('int_effort_legs') }}
),

samples as (
    select * from {{ ref('int_samples') }}
),

world_records as (
    select * from {{ ref('world_records') }}
),

effort_distances (sport_group, effort_mm) as (
    values
    {%- set distances_m = {
        'foot': [
            400, 800, 1000, 1500, 1609.344, 3000, 3218.688, 5000, 10000, 15000, 16093.44, 20000, 21097.5,
            30000, 42195, 50000,
        ],
        'ride': [5000, 10000, 20000, 40000, 50000, 80000, 100000, 160000],
        'swim': [100, 400, 1000, 1500, 1900, 3800],
    } %}
    {%- for sport_group, metres in distances_m.items() %}{% set is_last_group = loop.last %}
    {%- for distance_m in metres %}
    ('{{ sport_group }}', {{ (distance_m * 1000) | round | int }})
    {{- '' if loop.last and is_last_group else ',' }}
    {%- endfor %}
    {%- endfor %}
),

-- the best stretch has a sample at one end: each sample as start and each as end, at the other
-- end `other_mm` the curve is interpolated within a leg
forward_stretches as (
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        legs.departure_s as sample_s,
        legs.distance_mm + effort_distances.effort_mm as other_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm + effort_distances.effort_mm <= legs.piece_end_mm
),

backward_stretches as (
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        legs.arrival_s as sample_s,
        legs.distance_mm - effort_distances.effort_mm as other_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm - effort_distances.effort_mm >= legs.piece_start_mm
),

timed_stretches as (
    -- a stretch ends at the first instant at its distance: on the leg that leads there
    select
        stretches.athlete_id,
        stretches.activity_id,
        stretches.effort_mm,
        stretches.sample_s as start_s,
        legs.departure_s - stretches.sample_s
            + (stretches.other_mm - legs.distance_mm) / nullif(legs.leg_mm, 0) * legs.leg_s
            as elapsed_time_s
    from forward_stretches as stretches
    asof join legs
        on stretches.athlete_id = legs.athlete_id
        and stretches.activity_id = legs.activity_id
        and stretches.piece = legs.piece
        and stretches.other_mm > legs.distance_mm
    union all
    -- and starts at the last instant at its distance: on the leg that begins there
    select
        stretches.athlete_id,
        stretches.activity_id,
        stretches.effort_mm,
        legs.departure_s
            + (stretches.other_mm - legs.distance_mm) / nullif(legs.leg_mm, 0) * legs.leg_s as start_s,
        stretches.sample_s - start_s as elapsed_time_s
    from backward_stretches as stretches
    asof join legs
        on stretches.athlete_id = legs.athlete_id
        and stretches.activity_id = legs.activity_id
        and stretches.piece = legs.piece
        and stretches.other_mm >= legs.distance_mm
),

-- a struct is compared field by field: the least time, of equal ones the earliest start
best_stretches as (
    select
        athlete_id,
        activity_id,
        effort_mm,
        min({
            'elapsed_counts': round(elapsed_time_s * {{ counts_per_s }})::bigint,
            'start_counts': round(start_s * {{ counts_per_s }})::bigint
        }) as best
    from timed_stretches
    group by all
),

first_samples as (
    select athlete_id, activity_id, any_value(sport_group) as sport_group, any_value(first_s) as first_s
    from legs
    group by all
),

efforts as (
    select
        best_stretches.athlete_id,
        best_stretches.activity_id,
        first_samples.sport_group,
        best_stretches.effort_mm / 1000 as effort_distance_m,
        best_stretches.best.elapsed_counts::double / {{ counts_per_s }} as elapsed_time_s,
        first_samples.first_s + best_stretches.best.start_counts::double / {{ counts_per_s }}
            as start_time_s
    from best_stretches
    inner join first_samples using (athlete_id, activity_id)
),

-- nobody on foot is faster than the world record
possible_efforts as (
    select efforts.*
    from efforts
    left join world_records
        on efforts.sport_group = 'foot' and efforts.effort_distance_m = world_records.effort_distance_m
    where efforts.elapsed_time_s >= coalesce(world_records.record_time_s, 0)
),

heartrate_intervals as (
    {{ intervals('samples', 'heartrate_bpm is not null') }}
),

-- the counted seconds with heart rate that lie within a stretch
shares as (
    select
        efforts.athlete_id,
        efforts.activity_id,
        efforts.effort_distance_m,
        intervals.heartrate_bpm,
        {{ overlap_s('intervals', 'efforts.start_time_s', 'efforts.start_time_s + efforts.elapsed_time_s') }}
            as share_s
    from possible_efforts as efforts
    inner join heartrate_intervals as intervals
        on efforts.athlete_id = intervals.athlete_id
        and efforts.activity_id = intervals.activity_id
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
),

with_heartrate as (
    select
        efforts.athlete_id,
        efforts.activity_id,
        efforts.effort_distance_m,
        efforts.elapsed_time_s,
        efforts.start_time_s,
        heartrates.average_heartrate_bpm
    from possible_efforts as efforts
    left join heartrates using (athlete_id, activity_id, effort_distance_m)
)

select * from with_heartrate

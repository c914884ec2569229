{{ config(materialized='by_activity') }}

with samples as (
    select * from {{ ref('int_samples') }}
    where sport_group in ('foot', 'ride', 'swim')
),

effort_distances (sport_group, effort_mm) as (
    values
    {%- set distances_m = {
        'foot': [400, 1000, 1609.344, 3000, 5000, 10000, 15000, 21097.5, 42195],
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

curve as (
    {{ intervals('samples', 'has_distance') }}
),

-- a stream that differs from the activity's own distance was corrected afterwards
trusted_streams as (
    select
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        any_value(activity_distance_m) as activity_distance_m
    from curve
    group by all
    having
        any_value(activity_distance_m) > 0
        and abs(stream_distance_m - any_value(activity_distance_m))
            <= 0.05 * any_value(activity_distance_m)
),

-- cut at every implausibly fast step: a stretch lies within one piece
pieces as (
    select
        activity_id,
        sport_group,
        time_s,
        distance_mm,
        min(time_s) over (partition by activity_id) as first_s,
        count(*) filter (
            where interval_mm > interval_s * case sport_group
                when 'foot' then 12000 when 'ride' then 35000 when 'swim' then 4000
            end
        ) over (partition by activity_id order by time_s) as piece
    from curve
    semi join trusted_streams using (activity_id)
),

-- standing still makes the curve vertical: one point per distance, with its first and last instant
points as (
    select
        activity_id,
        sport_group,
        piece,
        distance_mm,
        min(time_s - first_s) as arrival_s,
        max(time_s - first_s) as departure_s,
        any_value(first_s) as first_s
    from pieces
    group by all
),

legs as (
    select
        *,
        lead(distance_mm) over in_order - distance_mm as leg_mm,
        lead(arrival_s) over in_order - departure_s as leg_s,
        first_value(distance_mm) over in_order as piece_start_mm,
        max(distance_mm) over (partition by activity_id, piece) as piece_end_mm
    from points
    window in_order as (partition by activity_id, piece order by distance_mm)
),

-- the best stretch has a sample at one end: each sample as start and each as end, the other end is
-- interpolated. An end is the first instant at its distance (the leg that leads there: > becomes
-- >= one millimetre earlier), a start the last instant.
stretches as (
    select
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        true as is_start,
        legs.departure_s as sample_s,
        legs.distance_mm + effort_distances.effort_mm as other_mm,
        other_mm - 1 as leg_at_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm + effort_distances.effort_mm <= legs.piece_end_mm
    union all
    select
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        false as is_start,
        legs.arrival_s as sample_s,
        legs.distance_mm - effort_distances.effort_mm as other_mm,
        other_mm as leg_at_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm - effort_distances.effort_mm >= legs.piece_start_mm
),

timed_stretches as (
    select
        stretches.activity_id,
        stretches.effort_mm,
        legs.departure_s - stretches.sample_s
            + (stretches.other_mm - legs.distance_mm) / legs.leg_mm * legs.leg_s as offset_s,
        abs(offset_s) as elapsed_time_s,
        stretches.sample_s + case when stretches.is_start then 0 else offset_s end as start_s
    from stretches
    asof join legs
        on stretches.activity_id = legs.activity_id
        and stretches.piece = legs.piece
        and stretches.leg_at_mm >= legs.distance_mm
),

-- least time, then earliest start, in one number: both as counts of 2^-30 s (a nanosecond), so that
-- the noise of the interpolation does not choose among equals
best as (
    select
        activity_id,
        effort_mm,
        min(
            round(elapsed_time_s * 1073741824)::bigint::hugeint * 4611686018427387904
            + round(start_s * 1073741824)::bigint
        ) as best_key
    from timed_stretches
    group by all
),

first_samples as (
    select activity_id, any_value(first_s) as first_s
    from points
    group by all
),

efforts as (
    select
        best.activity_id,
        best.effort_mm / 1000 as effort_distance_m,
        (best.best_key // 4611686018427387904)::double / 1073741824 as elapsed_time_s,
        first_samples.first_s + (best.best_key % 4611686018427387904)::double / 1073741824
            as start_time_s
    from best
    inner join first_samples using (activity_id)
)

select * from efforts

{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- Times are compared as whole counts of 2^-30 s, about a nanosecond: the noise of the interpolation
    must not choose among equal stretches, and dividing by a power of two is exact. -#}
{%- set counts_per_s = 2 ** 30 %}

with legs as (
    select * from {{ ref('int_effort_legs') }}
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

-- the best stretch has a sample at one end: each sample as start and each as end, at the other
-- end `other_mm` the curve is interpolated within a leg
stretches as (
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        true as is_start,
        legs.departure_s as sample_s,
        legs.distance_mm + effort_distances.effort_mm as other_mm,
        -- a stretch ends at the first instant at its distance: on the leg that leads there
        other_mm - 1 as leg_at_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm + effort_distances.effort_mm <= legs.piece_end_mm
    union all
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        effort_distances.effort_mm,
        false as is_start,
        legs.arrival_s as sample_s,
        legs.distance_mm - effort_distances.effort_mm as other_mm,
        -- and starts at the last instant at its distance: on the leg that begins there
        other_mm as leg_at_mm
    from legs
    inner join effort_distances using (sport_group)
    where legs.distance_mm - effort_distances.effort_mm >= legs.piece_start_mm
),

timed_stretches as (
    select
        stretches.athlete_id,
        stretches.activity_id,
        stretches.effort_mm,
        legs.departure_s - stretches.sample_s
            + (stretches.other_mm - legs.distance_mm) / nullif(legs.leg_mm, 0) * legs.leg_s as offset_s,
        abs(offset_s) as elapsed_time_s,
        stretches.sample_s + case when stretches.is_start then 0 else offset_s end as start_s
    from stretches
    asof join legs
        on stretches.athlete_id = legs.athlete_id
        and stretches.activity_id = legs.activity_id
        and stretches.piece = legs.piece
        and stretches.leg_at_mm >= legs.distance_mm
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
    select athlete_id, activity_id, any_value(first_s) as first_s
    from legs
    group by all
),

efforts as (
    select
        best_stretches.athlete_id,
        best_stretches.activity_id,
        best_stretches.effort_mm / 1000 as effort_distance_m,
        best_stretches.best.elapsed_counts::double / {{ counts_per_s }} as elapsed_time_s,
        first_samples.first_s + best_stretches.best.start_counts::double / {{ counts_per_s }}
            as start_time_s
    from best_stretches
    inner join first_samples using (athlete_id, activity_id)
)

select * from efforts

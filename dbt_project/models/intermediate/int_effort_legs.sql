{%- set fastest_mm_per_s = { 'foot': 12000, 'ride': 35000, 'swim': 4000 } -%}
{%- set largest_share_off = 0.05 -%}

with samples as (
    select * from {{ ref('int_samples') }}
    where sport_group in ('{{ fastest_mm_per_s | join("', '") }}')
),

curve as (
    {{ intervals('samples', 'has_distance') }}
),

-- a stream that differs from the activity's own distance was corrected afterwards
trusted_streams as (
    select
        athlete_id,
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        any_value(activity_distance_m) as activity_distance_m
    from curve
    group by all
    having
        any_value(activity_distance_m) > 0
        and abs(stream_distance_m - any_value(activity_distance_m))
            <= {{ largest_share_off }} * any_value(activity_distance_m)
),

-- cut at every implausibly fast step: a stretch lies within one piece
pieces as (
    select
        athlete_id,
        activity_id,
        sport_group,
        time_s,
        distance_mm,
        min(time_s) over (partition by athlete_id, activity_id) as first_s,
        count(*) filter (
            where interval_mm > interval_s * case sport_group
                {%- for sport_group, mm_per_s in fastest_mm_per_s.items() %}
                when '{{ sport_group }}' then {{ mm_per_s }}
                {%- endfor %}
            end
        ) over (partition by athlete_id, activity_id order by time_s) as piece
    from curve
    semi join trusted_streams using (athlete_id, activity_id)
),

-- standing still makes the curve vertical: one point per distance, with its first and last instant
points as (
    select
        athlete_id,
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
        max(distance_mm) over (partition by athlete_id, activity_id, piece) as piece_end_mm
    from points
    window in_order as (partition by athlete_id, activity_id, piece order by distance_mm)
)

select * from legs

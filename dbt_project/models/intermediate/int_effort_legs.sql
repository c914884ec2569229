{#- A stretch of half a minute faster than this was driven: a car, not a record. -#}
{%- set fastest_stretch_mm_per_s = { 'foot': 9800, 'swim': 2500 } -%}
{%- set stretch_s = 30 -%}

with samples as (
    select * from {{ ref('int_samples') }}
    where sport_group in ('foot', 'ride', 'swim') and is_distance_consistent and has_distance
),

-- from each sample the whole intervals up to the first sample at least half a minute later
stretches as (
    select
        *,
        first_value(time_s) over half_a_minute_later as stretch_end_s,
        first_value(distance_mm) over half_a_minute_later as stretch_end_mm,
        case
            when stretch_end_mm - distance_mm > (stretch_end_s - time_s) * case sport_group
                {%- for sport_group, mm_per_s in fastest_stretch_mm_per_s.items() %}
                when '{{ sport_group }}' then {{ mm_per_s }}
                {%- endfor %}
            end then stretch_end_s
        end as too_fast_until_s
    from samples
    window half_a_minute_later as (
        partition by athlete_id, activity_id order by time_s
        range between {{ stretch_s }} following and unbounded following
    )
),

with_cuts as (
    select
        *,
        min(time_s) over (partition by athlete_id, activity_id) as first_s,
        is_jump or coalesce(
            max(too_fast_until_s) over (
                partition by athlete_id, activity_id order by time_s
                rows between unbounded preceding and 1 preceding
            ) >= time_s,
            false
        ) as is_cut
    from stretches
),

-- a stretch lies within one piece
pieces as (
    select
        *,
        count(*) filter (where is_cut) over (
            partition by athlete_id, activity_id order by time_s
        ) as piece
    from with_cuts
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

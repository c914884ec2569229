{#- A stretch of half a minute faster than this was driven: a car, not a record. -#}
{%- set fastest_stretch_mm_per_s = { 'foot': 9800, 'swim': 2500 } -%}
{%- set stretch_s = 30 -%}

with samples as (
    select *, {{ by_sport_group(fastest_stretch_mm_per_s) }} as fastest_stretch_mm_per_s
    from {{ ref('int_samples') }}
    where sport_group in ('foot', 'ride', 'swim') and is_distance_consistent and has_distance
),

steps as (
    select
        *,
        first_value(time_s) over in_order as first_s,
        distance_mm - lag(distance_mm) over in_order
            > (time_s - lag(time_s) over in_order) * fastest_stretch_mm_per_s as is_fast
    from samples
    window in_order as (partition by athlete_id, activity_id order by time_s)
),

-- a stretch that is too fast has a step that is
suspects as (
    select distinct athlete_id, activity_id from steps where is_fast
),

-- from each sample the whole intervals up to the first sample at least half a minute later
stretches as (
    select
        athlete_id,
        activity_id,
        time_s,
        first_value(time_s) over half_a_minute_later as end_s,
        first_value(distance_mm) over half_a_minute_later as end_mm,
        case
            when end_mm - distance_mm > (end_s - time_s) * fastest_stretch_mm_per_s then end_s
        end as driven_until_s
    from steps
    semi join suspects using (athlete_id, activity_id)
    window half_a_minute_later as (
        partition by athlete_id, activity_id order by time_s
        range between {{ stretch_s }} following and unbounded following
    )
),

driven as (
    select athlete_id, activity_id, time_s
    from stretches
    qualify
        max(driven_until_s) over (
            partition by athlete_id, activity_id order by time_s
            rows between unbounded preceding and 1 preceding
        ) >= time_s
),

with_cuts as (
    select steps.*, steps.is_jump or driven.time_s is not null as is_cut
    from steps
    left join driven using (athlete_id, activity_id, time_s)
),

-- a stretch lies within one piece
pieces as (
    select
        *,
        coalesce(sum(1) filter (where is_cut) over (
            partition by athlete_id, activity_id order by time_s
        ), 0) as piece
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

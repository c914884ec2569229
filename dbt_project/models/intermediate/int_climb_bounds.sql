{#- A climb ends where altitude falls by more than these from its high. -#}
{%- set largest_fall_mm = 10000 -%}
{%- set largest_share_fallen = 0.2 -%}
{%- set least_gain_mm = { 'foot': 30000, 'ride': 50000 } -%}
{%- set least_gradient = 0.03 %}

with samples as (
    select * from {{ ref('int_samples') }}
    where is_distance_consistent and sport_group in ('foot', 'ride')
),

smoothed_altitude as (
    select * from {{ ref('int_smoothed_altitude') }}
),

climbing_activities as (
    select distinct athlete_id, activity_id, sport_group
    from samples
),

points as (
    select
        athlete_id,
        activity_id,
        sport_group,
        distance_mm,
        round(1000 * altitude_m)::bigint as altitude_mm
    from smoothed_altitude
    inner join climbing_activities using (athlete_id, activity_id)
),

-- lows and highs are where altitude turns, or at an end of what is level: nothing between them matters
turning_points as (
    select
        athlete_id,
        activity_id,
        sport_group,
        { 'mm': distance_mm, 'altitude_mm': altitude_mm } as point
    from points
    window in_order as (partition by athlete_id, activity_id order by distance_mm)
    qualify
        sign(altitude_mm - lag(altitude_mm) over in_order)
            is distinct from sign(lead(altitude_mm) over in_order - altitude_mm)
),

-- The points are walked from the first to the last. The state on the way holds the low and the high of the
-- climb so far, and the climbs that are over; each point comes as such a state of its own, with itself as low
-- and high, because list_reduce wants its elements to be of the kind that it makes of them.
states as (
    select
        athlete_id,
        activity_id,
        sport_group,
        list(
            { 'low': point, 'high': point, 'climbs': [{ 'low': point, 'high': point }][:0] }
            order by point.mm
        ) as states
    from turning_points
    group by all
),

walked as (
    select
        athlete_id,
        activity_id,
        sport_group,
        list_reduce(states, lambda so_far, here: case
            when
                so_far.high.altitude_mm - here.low.altitude_mm > greatest(
                    {{ largest_fall_mm }},
                    {{ largest_share_fallen }} * (so_far.high.altitude_mm - so_far.low.altitude_mm)
                )
                then {
                    'low': here.low,
                    'high': here.high,
                    'climbs': list_append(so_far.climbs, { 'low': so_far.low, 'high': so_far.high })
                }
            when here.low.altitude_mm <= so_far.low.altitude_mm
                then { 'low': here.low, 'high': here.high, 'climbs': so_far.climbs }
            when here.high.altitude_mm > so_far.high.altitude_mm
                then { 'low': so_far.low, 'high': here.high, 'climbs': so_far.climbs }
            else so_far
        end) as state
    from states
),

rises as (
    select
        athlete_id,
        activity_id,
        sport_group,
        unnest(list_append(state.climbs, { 'low': state.low, 'high': state.high })) as rise
    from walked
),

bounds as (
    select
        athlete_id,
        activity_id,
        row_number() over (partition by athlete_id, activity_id order by rise.low.mm)::integer
            as climb_index,
        rise.low.mm as start_mm,
        rise.high.mm as end_mm,
        (rise.high.altitude_mm - rise.low.altitude_mm) / 1000 as elevation_gain_m
    from rises
    where
        rise.high.altitude_mm - rise.low.altitude_mm >= {{ by_sport_group(least_gain_mm) }}
        and rise.high.altitude_mm - rise.low.altitude_mm
            >= {{ least_gradient }} * (rise.high.mm - rise.low.mm)
)

select * from bounds

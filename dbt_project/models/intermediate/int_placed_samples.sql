{%- set restart_below_m = 10 -%}
{%- set restart_after_m = 200 -%}
{%- set longest_spread_s = 60 -%}
{#- A step faster than this never happened. -#}
{%- set fastest_mm_per_s = { 'foot': 12000, 'ride': 35000, 'swim': 4000, 'other': 60000 } -%}

-- few columns: every step below sorts them anew
with samples as (
    select athlete_id, activity_id, sample_index, sport_group, time_s, distance_m
    from {{ ref('int_measured_samples') }}
),

-- a distance that begins again: the highest one reached so far is added from there on
with_predecessor as (
    select
        *,
        lag(distance_m ignore nulls) over (
            partition by athlete_id, activity_id order by sample_index
        ) as previous_m
    from samples
),

with_lap as (
    select
        * exclude (previous_m),
        coalesce(
            sum(1) filter (where distance_m <= {{ restart_below_m }} and previous_m > {{ restart_after_m }})
                over (partition by athlete_id, activity_id order by sample_index),
            0
        ) as lap
    from with_predecessor
),

-- only where a distance began again
lap_starts as (
    select
        athlete_id,
        activity_id,
        lap + 1 as lap,
        sum(max(distance_m)) over (partition by athlete_id, activity_id order by lap) as start_m
    from with_lap
    group by athlete_id, activity_id, lap
    qualify count(*) over (partition by athlete_id, activity_id) > 1
),

-- the running maximum
with_held_distance as (
    select
        with_lap.*,
        max(with_lap.distance_m + coalesce(lap_starts.start_m, 0)) over (
            partition by with_lap.athlete_id, with_lap.activity_id order by with_lap.sample_index
        ) as held_m,
        with_lap.time_s is not null and with_lap.distance_m is not null as is_placed,
        max(with_lap.time_s) filter (where with_lap.distance_m is not null) over (
            partition by with_lap.athlete_id, with_lap.activity_id order by with_lap.sample_index
            rows between unbounded preceding and 1 preceding
        ) as last_placed_s
    from with_lap
    left join lap_starts using (athlete_id, activity_id, lap)
),

-- whole millimetres from the first sample that has time and distance; all others have no distance
with_distance_mm as (
    select
        * exclude (lap, distance_m, held_m, is_placed, last_placed_s),
        is_placed and time_s > coalesce(last_placed_s, time_s - 1) as has_distance,
        case
            when has_distance then round(1000 * (
                held_m - min(held_m) filter (where is_placed) over (partition by athlete_id, activity_id)
            ))
        end as held_mm
    from with_held_distance
),

-- every step between two samples with a distance
steps as (
    select
        athlete_id,
        activity_id,
        sample_index,
        time_s,
        held_mm,
        held_mm - lag(held_mm) over in_order as step_mm,
        time_s - lag(time_s) over in_order as step_s,
        first_value(time_s) over in_order as first_s,
        {{ by_sport_group(fastest_mm_per_s) }} as fastest_mm_per_s
    from with_distance_mm
    where has_distance
    window in_order as (partition by athlete_id, activity_id order by sample_index)
),

-- the plateau that a sample stands on: its number, and when the distance last grew before it
with_plateau as (
    select
        *,
        coalesce(sum(1) filter (where step_mm > 0) over in_order, 0) as plateau,
        coalesce(lag(case when step_mm > 0 then time_s end ignore nulls) over in_order, first_s) as grew_s,
        coalesce(step_mm > fastest_mm_per_s * step_s, false) as is_too_fast,
        is_too_fast
        and time_s - grew_s <= {{ longest_spread_s }}
        and step_mm <= fastest_mm_per_s * (time_s - grew_s) as is_spread
    from steps
    window in_order as (partition by athlete_id, activity_id order by sample_index)
),

-- a step too fast for its own interval is spread over the plateau before it
spread_steps as (
    select athlete_id, activity_id, plateau - 1 as plateau, grew_s, step_mm / (time_s - grew_s) as mm_per_s
    from with_plateau
    where is_spread
),

-- or it is a jump: its distance does not count
placed as (
    select
        steps.athlete_id,
        steps.activity_id,
        steps.sample_index,
        steps.is_too_fast and not steps.is_spread as is_jump,
        steps.held_mm
            + coalesce(spread_steps.mm_per_s * (steps.time_s - spread_steps.grew_s), 0)
            - coalesce(sum(steps.step_mm) filter (where is_jump) over (
                partition by steps.athlete_id, steps.activity_id order by steps.sample_index
            ), 0) as distance_mm
    from with_plateau as steps
    left join spread_steps using (athlete_id, activity_id, plateau)
),

-- a sample without a distance stands where the one before it stood
with_distance as (
    select
        samples.athlete_id,
        samples.activity_id,
        samples.sample_index,
        samples.has_distance,
        coalesce(placed.is_jump, false) as is_jump,
        last_value(placed.distance_mm ignore nulls) over (
            partition by samples.athlete_id, samples.activity_id order by samples.sample_index
        ) as distance_mm
    from with_distance_mm as samples
    left join placed using (athlete_id, activity_id, sample_index)
)

select * from with_distance

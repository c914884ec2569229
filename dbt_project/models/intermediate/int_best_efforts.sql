{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- Times are compared as whole counts of 2^-30 s, about a nanosecond: the noise of the interpolation
    must not choose among equal stretches, and dividing by a power of two is exact. -#}
{%- set counts_per_s = 2 ** 30 -%}
{%- set noise_s = 1e-6 -%}
{#- Stretches are only timed that start in a cell of the distance that can hold the best one: a few in
    a hundred. A cell is not longer than the shortest effort. -#}
{%- set cell_mm = { 'foot': 10000, 'ride': 50000, 'swim': 10000 } %}

with with_cell_size as (
    select
        *,
        {{ by_sport_group(cell_mm) }} as cell_mm
    from {{ ref('int_effort_legs') }}
),

legs as (
    select *, floor(distance_mm / cell_mm)::bigint as cell
    from with_cell_size
),

effort_distances as (
    select sport_group, round(1000 * effort_distance_m)::bigint as effort_mm
    from {{ ref('effort_distances') }}
),

world_records as (
    select * from {{ ref('world_records') }}
),

-- where the curve enters a cell: the first and the last instant there
entries as (
    select
        athlete_id,
        activity_id,
        piece,
        sport_group,
        cell_mm,
        unnest(range(
            ceil(distance_mm / cell_mm)::bigint,
            coalesce(ceil((distance_mm + leg_mm) / cell_mm)::bigint, cell + 1)
        )) as entered_cell,
        entered_cell * cell_mm - distance_mm as along_mm,
        case when along_mm > 0 then departure_s + along_mm / leg_mm * leg_s else arrival_s end as arrival_s,
        case when along_mm > 0 then departure_s + along_mm / leg_mm * leg_s else departure_s end
            as departure_s
    from legs
),

-- `within` is the last entry within the distance from the cell before, `beyond` the first one beyond
-- the distance from here; a CTE of its own, as DuckDB would join every pair of entries before the distances
starts as (
    select
        entries.*,
        effort_distances.effort_mm,
        entered_cell - 1 + effort_mm // cell_mm as within_cell,
        entered_cell + (effort_mm - 1) // cell_mm + 1 as beyond_cell
    from entries
    inner join effort_distances using (sport_group)
),

-- a stretch from an entry takes no more than to the entry beyond
possible_stretches as (
    select
        starts.athlete_id,
        starts.activity_id,
        starts.effort_mm,
        min(entries.arrival_s - starts.departure_s) as possible_s
    from starts
    inner join entries
        on starts.athlete_id = entries.athlete_id
        and starts.activity_id = entries.activity_id
        and starts.piece = entries.piece
        and starts.beyond_cell = entries.entered_cell
    group by all
),

-- and no stretch that starts in the cell before takes less than to the entry within
candidates as (
    select
        starts.athlete_id,
        starts.activity_id,
        starts.piece,
        starts.cell_mm,
        starts.effort_mm,
        starts.entered_cell - 1 as cell
    from starts
    inner join entries
        on starts.athlete_id = entries.athlete_id
        and starts.activity_id = entries.activity_id
        and starts.piece = entries.piece
        and starts.within_cell = entries.entered_cell
    left join possible_stretches as possible
        on starts.athlete_id = possible.athlete_id
        and starts.activity_id = possible.activity_id
        and starts.effort_mm = possible.effort_mm
    where
        entries.arrival_s - starts.departure_s
            <= coalesce(possible.possible_s, 'infinity'::double) + {{ noise_s }}
),

-- the best stretch has a sample at one end: each sample as start and each as end, at the other
-- end `other_mm` the curve is interpolated within a leg
forward_stretches as (
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        candidates.effort_mm,
        legs.departure_s as sample_s,
        legs.distance_mm + candidates.effort_mm as other_mm
    from legs
    inner join candidates using (athlete_id, activity_id, piece, cell)
    where legs.distance_mm + candidates.effort_mm <= legs.piece_end_mm
),

-- the cells that the stretches of a candidate end in
candidate_ends as (
    select
        * exclude (cell),
        cell as start_cell,
        cell + effort_mm // cell_mm + unnest([0, 1]) as cell
    from candidates
),

backward_stretches as (
    select
        legs.athlete_id,
        legs.activity_id,
        legs.piece,
        candidates.effort_mm,
        legs.arrival_s as sample_s,
        legs.distance_mm - candidates.effort_mm as other_mm
    from legs
    inner join candidate_ends as candidates using (athlete_id, activity_id, piece, cell)
    where
        legs.distance_mm - candidates.effort_mm >= legs.piece_start_mm
        and floor((legs.distance_mm - candidates.effort_mm) / candidates.cell_mm) = candidates.start_cell
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
            + coalesce((stretches.other_mm - legs.distance_mm) / nullif(legs.leg_mm, 0) * legs.leg_s, 0)
            as start_s,
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
    select efforts.* exclude (sport_group)
    from efforts
    left join world_records
        on efforts.sport_group = 'foot' and efforts.effort_distance_m = world_records.effort_distance_m
    where efforts.elapsed_time_s >= coalesce(world_records.record_time_s, 0)
)

select * from possible_efforts

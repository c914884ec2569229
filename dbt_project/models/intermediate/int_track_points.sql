{%- set metres_per_degree = 111195.08 -%}
{#- The search for corners is expensive, so points are thinned first: of a block of samples only the first
    is kept, where none of the others lies further than this from the line to the first of the next. -#}
{%- set samples_per_block = 8 -%}
{%- set tolerance_m = 1.5 %}

with positions as (
    select * from {{ ref('int_positions') }}
),

activities as (
    select
        athlete_id,
        activity_id,
        arg_min(longitude_deg, sample_index) as first_longitude_deg,
        -- the widest parallel of the track: distances from east to west are never underestimated
        {{ metres_per_degree }} * cos(radians(min(abs(latitude_deg)))) as metres_per_longitude
    from positions
    group by all
),

-- longitudes go on across the date line, as far as half the Earth from the first
projected as (
    select
        positions.athlete_id,
        positions.activity_id,
        positions.sample_index,
        positions.sample_index // {{ samples_per_block }} as block,
        positions.latitude_deg,
        positions.longitude_deg
            - 360 * round((positions.longitude_deg - activities.first_longitude_deg) / 360)
            as way_longitude_deg,
        positions.latitude_deg * {{ metres_per_degree }} as north_m,
        way_longitude_deg * activities.metres_per_longitude as east_m
    from positions
    inner join activities using (athlete_id, activity_id)
),

first_of_blocks as (
    select
        athlete_id,
        activity_id,
        block,
        min(sample_index) as first_index,
        arg_min({ 'north_m': north_m, 'east_m': east_m }, sample_index) as first_point
    from projected
    group by all
),

-- the last block has none to go to, and keeps all
lines as (
    select
        athlete_id,
        activity_id,
        block,
        first_index,
        first_point.north_m as from_north_m,
        first_point.east_m as from_east_m,
        lead(first_point.north_m) over in_order as to_north_m,
        lead(first_point.east_m) over in_order as to_east_m
    from first_of_blocks
    window in_order as (partition by athlete_id, activity_id order by block)
),

straight_lines as (
    select projected.athlete_id, projected.activity_id, projected.block
    from projected
    inner join lines using (athlete_id, activity_id, block)
    group by all
    having max({{ squared_metres_off('projected', 'lines') }}) <= {{ tolerance_m * tolerance_m }}
        and any_value(lines.to_north_m) is not null
),

kept as (
    select projected.* exclude (block)
    from projected
    left join straight_lines using (athlete_id, activity_id, block)
    left join lines using (athlete_id, activity_id, block)
    where straight_lines.block is null or projected.sample_index = lines.first_index
)

select * from kept

{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set cell_deg = 0.001 -%}
{#- More than there are cells from west to east: a cell is one number. -#}
{%- set cells_per_row = 1000000 %}

with positions as (
    select * from {{ ref('int_positions') }}
),

cells as (
    select
        athlete_id,
        activity_id,
        {{ cells_per_row }} * floor(latitude_deg / {{ cell_deg }}::double)::bigint
            + floor(longitude_deg / {{ cell_deg }}::double)::bigint as cell,
        min(sample_index) as first_index
    from positions
    group by all
),

activities as (
    select
        athlete_id,
        activity_id,
        list(cell order by cell) as cells,
        count(*) as cell_count,
        min(first_index) as first_index
    from cells
    group by all
),

with_start as (
    select
        activities.athlete_id,
        activities.activity_id,
        activities.cells,
        activities.cell_count,
        positions.latitude_deg as start_lat,
        positions.longitude_deg as start_lng
    from activities
    inner join positions
        on activities.athlete_id = positions.athlete_id
        and activities.activity_id = positions.activity_id
        and activities.first_index = positions.sample_index
)

select * from with_start

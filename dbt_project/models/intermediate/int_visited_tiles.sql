{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set tiles_per_side = 2 ** 17 -%}
{#- One tile of zoom 14 is as wide as eight of zoom 17. -#}
{%- set wider = 2 ** 3 -%}
{#- Web Mercator ends at 85.0511 degrees. -#}
{%- set furthest_deg = 85.05 %}

with positions as (
    select * from {{ ref('int_positions') }}
),

-- a longitude of 180 is one of -180
small_tiles as (
    select distinct
        athlete_id,
        activity_id,
        floor((longitude_deg + 180) / 360 * {{ tiles_per_side }})::integer % {{ tiles_per_side }} as x,
        floor(
            (1 - asinh(tan(radians(latitude_deg))) / pi()) / 2 * {{ tiles_per_side }}
        )::integer as y
    from positions
    where abs(latitude_deg) <= {{ furthest_deg }}
),

tiles as (
    select athlete_id, activity_id, 17 as zoom, x, y from small_tiles
    union all
    select distinct athlete_id, activity_id, 14 as zoom, x // {{ wider }} as x, y // {{ wider }} as y
    from small_tiles
)

select * from tiles

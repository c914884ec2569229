{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}

with positions as (
    select * from {{ ref('int_positions') }}
),

corners as (
    select * from {{ ref('int_track_corners') }}
),

boxes as (
    select
        athlete_id,
        activity_id,
        min(latitude_deg) as south,
        max(latitude_deg) as north,
        min(longitude_deg) as lowest_deg,
        max(longitude_deg) as highest_deg,
        min(longitude_deg) filter (where longitude_deg >= 0) as west_of_date_line_deg,
        max(longitude_deg) filter (where longitude_deg < 0) as east_of_date_line_deg,
        coalesce(east_of_date_line_deg + 360 - west_of_date_line_deg < highest_deg - lowest_deg, false)
            as crosses_date_line
    from positions
    group by all
),

-- in units of the fifth digit, from one corner to the next
steps as (
    select
        athlete_id,
        activity_id,
        sample_index,
        {% for name, column in [('lat', 'latitude_deg'), ('lng', 'way_longitude_deg')] -%}
        round({{ column }} * 1e5)::bigint as {{ name }}_units,
        {{ name }}_units - lag({{ name }}_units, 1, 0) over in_order as {{ name }}_step,
        case when {{ name }}_step < 0 then -2 * {{ name }}_step - 1 else 2 * {{ name }}_step end
            as {{ name }}_number
        {{- ',' if not loop.last }}
        {% endfor %}
    from corners
    window in_order as (partition by athlete_id, activity_id order by sample_index)
),

texts as (
    select
        athlete_id,
        activity_id,
        sample_index,
        {{ encoded_number('lat_number') }} || {{ encoded_number('lng_number') }} as text
    from steps
),

polylines as (
    select athlete_id, activity_id, string_agg(text, '' order by sample_index) as polyline
    from texts
    group by all
),

tracks as (
    select
        boxes.athlete_id,
        boxes.activity_id,
        polylines.polyline,
        boxes.south,
        case when boxes.crosses_date_line then boxes.west_of_date_line_deg else boxes.lowest_deg end as west,
        boxes.north,
        case when boxes.crosses_date_line then boxes.east_of_date_line_deg else boxes.highest_deg end as east
    from boxes
    inner join polylines using (athlete_id, activity_id)
)

select * from tracks

{% macro squared_metres_off(point, line) %}
    {#- Square of the distance of a point (north_m, east_m) from the line between two others (from_north_m,
        from_east_m, to_north_m, to_east_m), its ends included. -#}
    {%- set north = '(' ~ point ~ '.north_m - ' ~ line ~ '.from_north_m)' -%}
    {%- set east = '(' ~ point ~ '.east_m - ' ~ line ~ '.from_east_m)' -%}
    {%- set line_north = '(' ~ line ~ '.to_north_m - ' ~ line ~ '.from_north_m)' -%}
    {%- set line_east = '(' ~ line ~ '.to_east_m - ' ~ line ~ '.from_east_m)' -%}
    {%- set share -%}
        coalesce(greatest(0, least(1,
            ({{ north }} * {{ line_north }} + {{ east }} * {{ line_east }})
            / nullif({{ line_north }} * {{ line_north }} + {{ line_east }} * {{ line_east }}, 0))), 0)
    {%- endset -%}
    pow({{ north }} - {{ share }} * {{ line_north }}, 2)
        + pow({{ east }} - {{ share }} * {{ line_east }}, 2)
{%- endmacro %}


{% macro encoded_number(number) %}
    {#- A number as Google's polyline has it: doubled, odd below zero, in pieces of five bits, the lowest first,
        of which all but the last have a sixth bit. -#}
    {%- for piece in range(6) %}
    case when {{ number }} >= {{ 32 ** piece if piece else 0 }} then
        chr((63 + ({{ number }} // {{ 32 ** piece }}) % 32
            + case when {{ number }} >= {{ 32 ** (piece + 1) }} then 32 else 0 end)::integer)
    else '' end
    {{- ' ||' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro pairs_on_one_route(earlier, later) %}
    {#- Pairs on one route of activities of two CTEs of rare cells. -#}
    {%- set largest_difference = 0.10 -%}
    {%- set longest_way_to_start_m = 500 -%}
    {%- set smallest_shared = 0.75 -%}
    {%- set earth_radius_m = 6371008.8 %}
    select earlier.place as earlier_place, later.place as later_place
    from (
        select earlier_cells.place as earlier_place, later_cells.place as later_place
        from {{ earlier }} as earlier_cells
        inner join {{ later }} as later_cells
            on earlier_cells.athlete_id = later_cells.athlete_id
            and earlier_cells.sport_group = later_cells.sport_group
            and earlier_cells.cell = later_cells.cell
            and earlier_cells.place < later_cells.place
        group by all
        having count(*) >= least(any_value(earlier_cells.least_shared), any_value(later_cells.least_shared))
    ) as pairs
    inner join candidates as earlier on pairs.earlier_place = earlier.place
    inner join candidates as later on pairs.later_place = later.place
    where
        abs(earlier.distance_m - later.distance_m)
            <= {{ largest_difference }} * greatest(earlier.distance_m, later.distance_m)
        and 2 * {{ earth_radius_m }} * asin(sqrt(least(1,
            pow(sin(radians(later.start_lat - earlier.start_lat) / 2), 2)
            + cos(radians(earlier.start_lat)) * cos(radians(later.start_lat))
                * pow(sin(radians(later.start_lng - earlier.start_lng) / 2), 2)
        ))) <= {{ longest_way_to_start_m }}
        -- what they share is what both have without what one of them has; list_intersect is slower
        and case
            when least(earlier.cell_count, later.cell_count)
                >= {{ smallest_shared }} * greatest(earlier.cell_count, later.cell_count)
                then earlier.cell_count + later.cell_count
                    - list_unique(earlier.cells || later.cells)::bigint
                    >= {{ smallest_shared }} * greatest(earlier.cell_count, later.cell_count)
            else false
        end
{%- endmacro %}

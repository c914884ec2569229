-- Every activity with a position has a track, and its first position lies in the box of that.
with tracks as (
    select * from {{ ref('tracks') }}
),

route_cells as (
    select * from {{ ref('int_route_cells') }}
),

failures as (
    select athlete_id, activity_id
    from tracks
    full join route_cells using (athlete_id, activity_id)
    where
        tracks.polyline is null
        or route_cells.cell_count is null
        or route_cells.start_lat not between tracks.south and tracks.north
        or case
            when tracks.west > tracks.east
                then route_cells.start_lng between tracks.east and tracks.west
                    and route_cells.start_lng not in (tracks.east, tracks.west)
            else route_cells.start_lng not between tracks.west and tracks.east
        end
)

select * from failures

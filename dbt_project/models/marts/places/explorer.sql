with tiles as (
    select * from {{ ref('tiles') }}
    where first_on is not null
),

squares as (
    select * from {{ ref('int_squares') }}
),

clusters as (
    select * from {{ ref('int_clusters') }}
),

days as (
    select athlete_id, zoom, first_on as explored_on, count(*) as new_tile_count
    from tiles
    group by all
),

-- the day on which a square or a cluster is complete is that of its last tile
squares_by_day as (
    select athlete_id, zoom, completed_on as explored_on, max(side) as side
    from squares
    group by all
),

clusters_by_day as (
    select athlete_id, zoom, arrived_on as explored_on, tile_count
    from clusters
),

explorer as (
    select
        athlete_id,
        zoom,
        explored_on,
        (sum(days.new_tile_count) over until_day)::bigint as tile_count,
        (max(squares_by_day.side) over until_day)::bigint as max_square,
        coalesce(max(clusters_by_day.tile_count) over until_day, 0)::bigint as max_cluster
    from days
    left join squares_by_day using (athlete_id, zoom, explored_on)
    left join clusters_by_day using (athlete_id, zoom, explored_on)
    window until_day as (partition by athlete_id, zoom order by explored_on)
)

select * from explorer

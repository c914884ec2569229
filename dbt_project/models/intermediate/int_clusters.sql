with recursive tiles as (
    select * from {{ ref('int_cluster_tiles') }}
),

merges as (
    select * from {{ ref('int_cluster_merges') }}
),

-- every tile belongs to its own cluster, then to the one that this has become a part of, and so on
arrivals as (
    select athlete_id, zoom, tile_number, surrounded_on as arrived_on, count(*)::bigint as tile_count
    from tiles
    group by all

    union all

    (
        with moved as (
            select
                arrivals.athlete_id,
                arrivals.zoom,
                merges.into_tile_number as tile_number,
                greatest(arrivals.arrived_on, merges.joined_on) as arrived_on,
                arrivals.tile_count
            from arrivals
            inner join merges using (tile_number)
        )

        select athlete_id, zoom, tile_number, arrived_on, sum(tile_count)::bigint as tile_count
        from moved
        group by all
    )
),

arrivals_by_day as (
    select athlete_id, zoom, tile_number, arrived_on, sum(tile_count) as tile_count
    from arrivals
    group by all
),

sizes as (
    select
        athlete_id,
        zoom,
        arrived_on,
        sum(tile_count) over (partition by tile_number order by arrived_on) as tile_count
    from arrivals_by_day
),

-- a cluster that has become a part of another counts for less than that one
largest_clusters as (
    select athlete_id, zoom, arrived_on, max(tile_count)::bigint as tile_count
    from sizes
    group by all
)

select * from largest_clusters

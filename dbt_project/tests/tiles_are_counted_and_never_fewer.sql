-- Of the dates of a zoom the last one has all tiles, and no figure falls from one to the next; a tile's visits are its activities.
with explorer as (
    select * from {{ ref('explorer') }}
),

tiles as (
    select * from {{ ref('tiles') }}
),

visited_tiles as (
    select * from {{ ref('int_visited_tiles') }}
),

compared as (
    select
        *,
        lag(tile_count, 1, 0) over in_order as tiles_before,
        lag(max_square, 1, 0) over in_order as square_before,
        lag(max_cluster, 1, 0) over in_order as cluster_before
    from explorer
    window in_order as (partition by athlete_id, zoom order by explored_on)
),

counts as (
    select
        athlete_id,
        zoom,
        count(*) filter (where first_on is not null) as tile_count,
        sum(visit_count) as visit_count
    from tiles
    group by all
),

visit_counts as (
    select athlete_id, zoom, count(*) as visit_count
    from visited_tiles
    group by all
),

last_counts as (
    select athlete_id, zoom, max(tile_count) as tile_count
    from explorer
    group by all
),

failures as (
    select athlete_id, zoom, explored_on
    from compared
    where
        tile_count <= tiles_before
        or max_square < square_before
        or max_cluster < cluster_before
        or max_square * max_square > tile_count
        or max_cluster > tile_count
    union all
    select athlete_id, zoom, null as explored_on
    from counts
    full join last_counts using (athlete_id, zoom)
    full join visit_counts using (athlete_id, zoom)
    where
        coalesce(counts.tile_count, 0) <> coalesce(last_counts.tile_count, 0)
        or counts.visit_count is distinct from visit_counts.visit_count
)

select * from failures

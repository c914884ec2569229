with tiles as (
    select * from {{ ref('tiles') }}
    where first_on is not null
),

-- a tile counts for itself and its four neighbours; x goes on across the date line
around as (
    select
        athlete_id,
        zoom,
        (x + unnest([0, 1, -1, 0, 0]) + (1 << zoom)) % (1 << zoom) as x,
        y + unnest([0, 0, 0, 1, -1]) as y,
        first_on
    from tiles
),

surrounded as (
    select athlete_id, zoom, x, y, max(first_on) as surrounded_on
    from around
    group by all
    having count(*) = 5
),

numbered as (
    select *, row_number() over (order by athlete_id, zoom, x, y) as tile_number
    from surrounded
)

select * from numbered

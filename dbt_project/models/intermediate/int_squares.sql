with recursive tiles as (
    select * from {{ ref('tiles') }}
    where first_on is not null
),

-- A square is named by its tile in the north-west. Four squares that overlap make one whose side is longer
-- by a tile (the two lists are unnested side by side: four rows); x goes on across the date line.
squares as (
    select athlete_id, zoom, x, y, 1 as side, first_on as completed_on
    from tiles

    union all

    (
        with parts as (
            select
                athlete_id,
                zoom,
                (x - unnest([0, 1, 0, 1]) + (1 << zoom)) % (1 << zoom) as x,
                y - unnest([0, 0, 1, 1]) as y,
                side + 1 as side,
                completed_on
            from squares
        )

        select athlete_id, zoom, x, y, side, max(completed_on) as completed_on
        from parts
        group by all
        having count(*) = 4
    )
),

first_squares as (
    select athlete_id, zoom, side, min(completed_on) as completed_on
    from squares
    group by all
)

select * from first_squares

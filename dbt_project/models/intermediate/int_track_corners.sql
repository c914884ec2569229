{#- With what int_track_points leaves out and the rounding of the polyline no position is more than 10 m away. -#}
{%- set tolerance_m = 7.5 %}

with recursive points as (
    select * from {{ ref('int_track_points') }}
),

ends as (
    select
        athlete_id,
        activity_id,
        min(sample_index) as from_index,
        max(sample_index) as to_index,
        arg_min({ 'north_m': north_m, 'east_m': east_m }, sample_index) as from_point,
        arg_max({ 'north_m': north_m, 'east_m': east_m }, sample_index) as to_point
    from points
    group by all
),

-- Douglas-Peucker in rounds: a line from which a point is too far away goes through the furthest one
search as (
    select
        points.athlete_id,
        points.activity_id,
        points.sample_index,
        points.north_m,
        points.east_m,
        ends.from_index,
        ends.from_point.north_m as from_north_m,
        ends.from_point.east_m as from_east_m,
        ends.to_point.north_m as to_north_m,
        ends.to_point.east_m as to_east_m,
        points.sample_index in (ends.from_index, ends.to_index) as is_corner
    from points
    inner join ends using (athlete_id, activity_id)

    union all

    (
        with furthest as (
            select
                search.athlete_id,
                search.activity_id,
                search.from_index,
                max({
                    'squared_m': {{ squared_metres_off('search', 'search') }},
                    'sample_index': search.sample_index,
                    'north_m': search.north_m,
                    'east_m': search.east_m
                }) as point
            from search
            where not search.is_corner
            group by all
        ),

        split as (
            select
                search.*,
                furthest.point.sample_index as corner_index,
                furthest.point.north_m as corner_north_m,
                furthest.point.east_m as corner_east_m,
                search.sample_index > corner_index as is_beyond
            from search
            inner join furthest using (athlete_id, activity_id, from_index)
            where not search.is_corner and furthest.point.squared_m > {{ tolerance_m * tolerance_m }}
        )

        select
            athlete_id,
            activity_id,
            sample_index,
            north_m,
            east_m,
            case when is_beyond then corner_index else from_index end as from_index,
            case when is_beyond then corner_north_m else from_north_m end as from_north_m,
            case when is_beyond then corner_east_m else from_east_m end as from_east_m,
            case when is_beyond then to_north_m else corner_north_m end as to_north_m,
            case when is_beyond then to_east_m else corner_east_m end as to_east_m,
            sample_index = corner_index as is_corner
        from split
    )
),

corners as (
    select points.athlete_id, points.activity_id, points.sample_index, points.latitude_deg, points.way_longitude_deg
    from points
    semi join (select * from search where is_corner) as search
        on points.athlete_id = search.athlete_id
        and points.activity_id = search.activity_id
        and points.sample_index = search.sample_index
)

select * from corners

{%- set fewest_cells = 10 %}

with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

route_cells as (
    select * from {{ ref('int_route_cells') }}
),

candidates as (
    select
        route_cells.*,
        activities.sport_group,
        activities.distance_m,
        row_number() over (
            order by athlete_id, activities.sport_group, activities.started_at, activity_id
        ) as place
    from route_cells
    inner join activities using (athlete_id, activity_id)
    where route_cells.cell_count >= {{ fewest_cells }} and activities.distance_m is not null
)

select * from candidates

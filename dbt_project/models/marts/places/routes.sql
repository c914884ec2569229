with activities as (
    select * from {{ ref('activities') }}
    where route_id is not null
),

route_cells as (
    select * from {{ ref('int_route_cells') }}
),

-- a struct is compared field by field: the least time, of equal ones the earlier start
summed as (
    select
        athlete_id,
        route_id,
        count(*) as activity_count,
        min(activity_date) as first_on,
        max(activity_date) as last_on,
        min({
            'moving_time_s': moving_time_s, 'started_at': started_at, 'activity_id': activity_id
        }) filter (where moving_time_s is not null) as fastest
    from activities
    group by all
    having activity_count >= 2
),

routes as (
    select
        summed.athlete_id,
        summed.route_id,
        beginners.sport_group,
        summed.activity_count,
        beginners.distance_m,
        summed.first_on,
        summed.last_on,
        summed.fastest.activity_id as fastest_activity_id,
        summed.fastest.moving_time_s as fastest_moving_time_s,
        route_cells.start_lat,
        route_cells.start_lng
    from summed
    inner join activities as beginners
        on summed.athlete_id = beginners.athlete_id and summed.route_id = beginners.activity_id
    inner join route_cells
        on summed.athlete_id = route_cells.athlete_id and summed.route_id = route_cells.activity_id
)

select * from routes

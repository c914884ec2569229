-- Distances on a route differ by at most a tenth of the longer from that of its beginner, which begins it and is on it itself.
with activities as (
    select * from {{ ref('activities') }}
    where route_id is not null
),

routes as (
    select * from {{ ref('routes') }}
),

failures as (
    select activities.athlete_id, activities.activity_id, activities.route_id
    from activities
    left join activities as beginners
        on activities.athlete_id = beginners.athlete_id and activities.route_id = beginners.activity_id
    where
        beginners.route_id is distinct from activities.route_id
        or beginners.sport_group <> activities.sport_group
        or beginners.started_at > activities.started_at
        or abs(beginners.distance_m - activities.distance_m)
            > 0.1 * greatest(beginners.distance_m, activities.distance_m)
    union all
    select routes.athlete_id, routes.fastest_activity_id, routes.route_id
    from routes
    left join activities using (athlete_id, route_id)
    group by all
    having
        count(activities.activity_id) <> any_value(routes.activity_count)
        or min(activities.moving_time_s) is distinct from any_value(routes.fastest_moving_time_s)
)

select * from failures

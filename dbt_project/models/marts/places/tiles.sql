with visited_tiles as (
    select * from {{ ref('int_visited_tiles') }}
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

-- a struct is compared field by field: the earliest start, of equal ones the lower id
visits as (
    select
        athlete_id,
        visited_tiles.zoom,
        visited_tiles.x,
        visited_tiles.y,
        min({
            'started_at': activities.started_at,
            'activity_id': activity_id,
            'activity_date': activities.activity_date
        }) as first_visit,
        count(*) as visit_count
    from visited_tiles
    inner join activities using (athlete_id, activity_id)
    group by all
),

tiles as (
    select
        athlete_id,
        zoom,
        x,
        y,
        visits.first_visit.activity_id as first_activity_id,
        visits.first_visit.activity_date as first_on,
        visit_count
    from visits
)

select * from tiles

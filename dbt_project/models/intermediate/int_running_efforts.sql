{%- set running_sports = ['Run', 'TrailRun', 'VirtualRun'] -%}

with best_efforts as (
    select * from {{ ref('best_efforts') }}
    where sport_type in ('{{ running_sports | join("', '") }}')
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

dated_efforts as (
    select
        best_efforts.athlete_id,
        best_efforts.activity_id,
        best_efforts.effort_distance_m,
        best_efforts.elapsed_time_s,
        best_efforts.effort_started_at,
        activities.activity_date
    from best_efforts
    inner join activities using (athlete_id, activity_id)
)

select * from dated_efforts

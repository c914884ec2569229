with activities as (
    select * from {{ ref('activities') }}
    where gear_id is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

strava_gear as (
    select * from {{ ref('stg_strava__gear') }}
),

-- raw does not say whose gear it holds: it is that of every athlete in it
athlete_gear as (
    select athletes.athlete_id, strava_gear.*
    from athletes
    cross join strava_gear
),

gear_usage as (
    select
        athlete_id,
        gear_id,
        count(*) as activity_count,
        sum(distance_m) as distance_m,
        sum(moving_time_s) as moving_time_s,
        min(activity_date) as first_used_on,
        max(activity_date) as last_used_on
    from activities
    group by all
),

-- retired gear may be named by activities only, unused gear by the athlete only
combined as (
    select
        athlete_id,
        gear_id,

        athlete_gear.gear_name,
        athlete_gear.gear_kind,

        coalesce(gear_usage.activity_count, 0) as activity_count,
        coalesce(gear_usage.distance_m, 0) as distance_m,
        coalesce(gear_usage.moving_time_s, 0)::bigint as moving_time_s,

        athlete_gear.is_primary,
        athlete_gear.is_retired,

        gear_usage.first_used_on,
        gear_usage.last_used_on
    from athlete_gear
    full join gear_usage using (athlete_id, gear_id)
)

select * from combined

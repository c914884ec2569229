with source as (
    select * from {{ source('strava_raw', 'activities') }}
),

athletes as (
    select * from {{ source('strava_raw', 'athlete') }}
),

sport_groups as (
    select * from {{ ref('sport_groups') }}
),

-- whose a summary is that does not say it
newest_athlete as (
    select id from athletes
    order by refreshed_at desc
    limit 1
),

existing as (
    select
        *,
        coalesce(athlete__id, (select id from newest_athlete), 0)::bigint as athlete_id,
        -- a summary without its local time still has the instant and the offset
        coalesce(
            start_date_local,
            (start_date at time zone 'UTC') + to_seconds(coalesce(utc_offset, 0)::bigint)
        ) as started_at_local,
        coalesce(sport_type, type, 'Unknown') as known_sport_type
    from source
    where deleted_at is null
),

renamed as (
    select
        existing.athlete_id,
        existing.id as activity_id,
        existing.gear_id,

        existing.name as activity_name,
        existing.known_sport_type as sport_type,
        -- null in rows of an older version, which knew the API alone
        coalesce(existing.origin, 'api') as origin,
        coalesce(sport_groups.sport_group, 'other') as sport_group,

        existing.distance as distance_m,
        -- nobody moves for longer than it took, nor gets anywhere without moving; archives before 2021
        -- have no moving time
        case
            when existing.moving_time > existing.elapsed_time and existing.elapsed_time > 0
                then existing.elapsed_time
            when coalesce(existing.moving_time, 0) = 0 and existing.distance > 0
                then existing.elapsed_time
            else existing.moving_time
        end as moving_time_s,
        existing.elapsed_time as elapsed_time_s,
        existing.total_elevation_gain as elevation_gain_m,
        existing.average_heartrate as average_heartrate_bpm,
        existing.max_heartrate as max_heartrate_bpm,
        existing.average_watts as average_power_w,
        existing.weighted_average_watts as weighted_power_w,
        existing.average_cadence,
        existing.suffer_score as relative_effort,

        coalesce(existing.device_watts, false) as device_watts,
        coalesce(existing.manual, false) as is_manual,
        coalesce(existing.commute, false) as is_commute,
        coalesce(existing.trainer, false) as is_trainer,
        coalesce(existing.private, false) as is_private,

        existing.started_at_local::date as activity_date,
        existing.start_date as started_at,
        existing.utc_offset as utc_offset_s,
        existing.started_at_local
    from existing
    left join sport_groups on existing.known_sport_type = sport_groups.sport_type
)

select * from renamed

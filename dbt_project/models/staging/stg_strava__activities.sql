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
        coalesce(sport_type, type, 'Unknown') as known_sport_type,
        -- [] without a position; (0, 0) is the place of a device that knows none
        {% for name in ['start', 'end'] -%}
        nullif(
            [({{ name }}_latlng::json ->> '$[0]')::double, ({{ name }}_latlng::json ->> '$[1]')::double], [0, 0]
        ) as {{ name }}_position
        {{- ',' if not loop.last }}
        {% endfor %}
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
        -- Strava counts runs from 0 and rides from 10
        case existing.workout_type
            when 1 then 'race'
            when 2 then 'long_run'
            when 3 then 'workout'
            when 11 then 'race'
            when 12 then 'workout'
        end as workout_kind,
        existing.device_name,
        existing.visibility,

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
        existing.max_watts as max_power_w,
        existing.max_speed as max_speed_m_per_s,
        existing.kilojoules as work_kj,
        existing.calories as calories_kcal,
        existing.average_temp as average_temperature_c,
        existing.elev_low as altitude_min_m,
        existing.elev_high as altitude_max_m,
        existing.average_cadence,
        existing.suffer_score as relative_effort,
        existing.kudos_count,
        existing.athlete_count,

        existing.start_position[1] as start_lat,
        existing.start_position[2] as start_lng,
        existing.end_position[1] as end_lat,
        existing.end_position[2] as end_lng,
        nullif(existing.map__summary_polyline, '') as summary_polyline,

        coalesce(existing.device_watts, false) as device_watts,
        coalesce(existing.manual, false) as is_manual,
        coalesce(existing.commute, false) as is_commute,
        coalesce(existing.trainer, false) as is_trainer,
        coalesce(existing.private, false) as is_private,

        existing.started_at_local::date as activity_date,
        existing.start_date as started_at,
        existing.utc_offset as utc_offset_s,
        existing.timezone,
        existing.started_at_local
    from existing
    left join sport_groups on existing.known_sport_type = sport_groups.sport_type
)

select * from renamed

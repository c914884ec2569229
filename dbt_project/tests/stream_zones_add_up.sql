-- Zones of a kind add up to the seconds that have the value, and every kind with zones on the day has rows.
with zones as (
    select athlete_id, activity_id, zone_kind, sum(time_s) as time_s
    from {{ ref('time_in_zones') }}
    group by all
),

seconds as (
    select athlete_id, activity_id, value_kind as zone_kind, sum(time_s) as time_s
    from {{ ref('int_seconds_by_value') }}
    group by all
),

settings as (
    select * from {{ ref('int_activity_settings') }}
),

kinds as (
    select distinct athlete_id, valid_from, zone_kind
    from {{ ref('int_zones') }}
),

expected as (
    select seconds.*
    from seconds
    inner join settings using (athlete_id, activity_id)
    inner join kinds using (athlete_id, valid_from, zone_kind)
),

failures as (
    select athlete_id, activity_id, zone_kind, zones.time_s, expected.time_s as expected_time_s
    from zones
    full join expected using (athlete_id, activity_id, zone_kind)
    where zones.time_s is distinct from expected.time_s
)

select * from failures

-- The zones of a kind add up to the seconds that have the value.
with zones as (
    select athlete_id, activity_id, zone_kind, sum(time_s) as time_s
    from {{ ref('time_in_zones') }}
    group by all
),

seconds as (
    select athlete_id, activity_id, value_kind, sum(time_s) as time_s
    from {{ ref('int_seconds_by_value') }}
    group by all
),

failures as (
    select zones.*
    from zones
    left join seconds
        on zones.athlete_id = seconds.athlete_id
        and zones.activity_id = seconds.activity_id
        and zones.zone_kind = seconds.value_kind
    where zones.time_s is distinct from seconds.time_s
)

select * from failures

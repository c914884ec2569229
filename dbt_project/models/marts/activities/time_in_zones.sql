with seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
),

settings as (
    select * from {{ ref('int_activity_settings') }}
),

zones as (
    select * from {{ ref('int_zones') }}
),

-- in the zones of the period in which the activity lies; a kind without zones then has no rows
in_zones as (
    select
        seconds_by_value.athlete_id,
        seconds_by_value.activity_id,
        settings.valid_from,
        zones.zone_kind,
        zones.zone_index,
        sum(seconds_by_value.time_s) as time_s
    from seconds_by_value
    inner join settings using (athlete_id, activity_id)
    asof inner join zones
        on seconds_by_value.athlete_id = zones.athlete_id
        and settings.valid_from = zones.valid_from
        and seconds_by_value.value_kind = zones.zone_kind
        and seconds_by_value.value >= zones.lower_bound
    group by all
),

kinds as (
    select distinct athlete_id, activity_id, valid_from, zone_kind
    from in_zones
),

time_in_zones as (
    select
        kinds.athlete_id,
        kinds.activity_id,
        kinds.zone_kind,
        zones.zone_index,
        coalesce(in_zones.time_s, 0)::bigint as time_s
    from kinds
    inner join zones using (athlete_id, valid_from, zone_kind)
    left join in_zones using (athlete_id, activity_id, zone_kind, zone_index)
)

select * from time_in_zones

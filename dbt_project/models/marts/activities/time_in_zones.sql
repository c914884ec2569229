with seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
),

settings as (
    select * from {{ ref('int_activity_settings') }}
),

zones as (
    select * from {{ ref('int_zones') }}
),

-- one row a kind: joined zone by zone, every value would become as many rows as there are zones
bounds as (
    select
        athlete_id,
        valid_from,
        zone_kind,
        list(lower_bound) as lower_bounds
    from zones
    group by all
),

-- by the period in which the activity lies; a kind without zones then has no rows
in_zones as (
    select
        seconds_by_value.athlete_id,
        seconds_by_value.activity_id,
        bounds.valid_from,
        bounds.zone_kind,
        len(list_filter(
            bounds.lower_bounds, lambda lower_bound: lower_bound <= seconds_by_value.value
        )) as zone_index,
        sum(seconds_by_value.time_s) as time_s
    from seconds_by_value
    inner join settings using (athlete_id, activity_id)
    inner join bounds
        on seconds_by_value.athlete_id = bounds.athlete_id
        and settings.valid_from = bounds.valid_from
        and seconds_by_value.value_kind = bounds.zone_kind
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

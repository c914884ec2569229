{{ config(materialized='table') }}

with seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
),

athlete_zones as (
    select * from {{ ref('stg_strava__athlete_zones') }}
    where zone_kind = 'heart_rate'
),

settings as (
    select * from {{ ref('int_athlete_settings') }}
),

-- zone 1 is open below; the others begin at a share of a threshold of the athlete
default_bounds as (
    select
        'heartrate' as zone_kind,
        unnest([0.6, 0.7, 0.8, 0.9])::double * max_heartrate_bpm as lower_bound
    from settings
    where not exists (select 1 from athlete_zones)
    union all
    select
        'power' as zone_kind,
        unnest([55, 75, 90, 105, 120, 150]) * ftp_w / 100 as lower_bound
    from settings
    union all
    select
        'pace' as zone_kind,
        unnest([78, 88, 95, 101, 111]) * 10 / nullif(threshold_pace_s_per_km, 0) as lower_bound
    from settings
),

lower_bounds as (
    select
        zone_kind,
        1 + row_number() over (partition by zone_kind order by lower_bound) as zone_index,
        lower_bound
    from default_bounds
    where lower_bound is not null
    union all
    select 'heartrate' as zone_kind, zone_index, min_value as lower_bound
    from athlete_zones
    where zone_index > 1
),

zones as (
    select zone_kind, 1 as zone_index, '-infinity'::double as lower_bound
    from lower_bounds
    group by all
    union all
    select zone_kind, zone_index, lower_bound
    from lower_bounds
),

bounded_zones as (
    select
        *,
        coalesce(
            lead(lower_bound) over (partition by zone_kind order by zone_index), 'infinity'
        ) as upper_bound
    from zones
),

time_in_zones as (
    select
        seconds_by_value.activity_id,
        zones.zone_kind,
        zones.zone_index::integer as zone_index,
        coalesce(
            sum(seconds_by_value.time_s) filter (
                where seconds_by_value.value >= zones.lower_bound
                and seconds_by_value.value < zones.upper_bound
            ),
            0
        )::bigint as time_s
    from seconds_by_value
    inner join bounded_zones as zones on seconds_by_value.value_kind = zones.zone_kind
    group by all
)

select * from time_in_zones

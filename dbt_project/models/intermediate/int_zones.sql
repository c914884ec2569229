{#- Zone 1 is open below; the others begin at a share of a threshold of the athlete. -#}
{%- set heartrate_pct = [60, 70, 80, 90] -%}
{%- set power_pct = [55, 75, 90, 105, 120, 150] -%}
{%- set pace_pct = [78, 88, 95, 101, 111] -%}

with settings as (
    select * from {{ ref('int_athlete_settings') }}
),

strava_zones as (
    select * from {{ ref('stg_strava__athlete_zones') }}
    where zone_kind = 'heart_rate'
),

default_bounds as (
    select
        athlete_id,
        'heartrate' as zone_kind,
        unnest({{ heartrate_pct }}) / 100 * max_heartrate_bpm as lower_bound
    from settings
    where not exists (select 1 from strava_zones)
    union all
    select
        athlete_id,
        'power' as zone_kind,
        unnest({{ power_pct }}) * ftp_w / 100 as lower_bound
    from settings
    union all
    select
        athlete_id,
        'pace' as zone_kind,
        unnest({{ pace_pct }}) * 10 / nullif(threshold_pace_s_per_km, 0) as lower_bound
    from settings
),

-- raw does not say whose zones it holds: they are those of every athlete in it
lower_bounds as (
    select
        athlete_id,
        zone_kind,
        1 + row_number() over (partition by athlete_id, zone_kind order by lower_bound) as zone_index,
        lower_bound
    from default_bounds
    where lower_bound is not null
    union all
    select settings.athlete_id, 'heartrate', strava_zones.zone_index, strava_zones.min_value
    from settings
    cross join strava_zones
    where strava_zones.zone_index > 1
),

zones as (
    select athlete_id, zone_kind, 1 as zone_index, '-infinity'::double as lower_bound
    from lower_bounds
    group by athlete_id, zone_kind
    union all
    select * from lower_bounds
),

bounded_zones as (
    select
        *,
        coalesce(
            lead(lower_bound) over (partition by athlete_id, zone_kind order by zone_index),
            'infinity'
        ) as upper_bound
    from zones
)

select * from bounded_zones

{#- Zone 1 is open below; the others begin at a share of a threshold of the athlete. -#}
{%- set heartrate_pct = [60, 70, 80, 90] -%}
{%- set power_pct = [55, 75, 90, 105, 120, 150] -%}
{%- set pace_pct = [78, 88, 95, 101, 111] -%}

with settings as (
    select * from {{ ref('int_athlete_settings') }}
),

strava_zones as (
    select * from {{ ref('stg_strava__athlete_zones') }}
),

-- raw does not say whose zones it holds: they are those of every athlete in it
strava_bounds as (
    select list(min_value order by zone_index) as heartrate_zones_bpm
    from strava_zones
    where zone_kind = 'heart_rate' and zone_index > 1 and min_value is not null
),

bounds_by_kind as (
    select
        settings.athlete_id,
        settings.valid_from,
        settings.valid_to,
        'heartrate' as zone_kind,
        'bpm' as unit,
        case
            when settings.heartrate_zones_bpm is not null then 'config'
            when strava_bounds.heartrate_zones_bpm is not null then 'strava'
            else 'default'
        end as source,
        coalesce(
            settings.heartrate_zones_bpm,
            strava_bounds.heartrate_zones_bpm,
            case
                when settings.max_heartrate_bpm is not null then list_transform(
                    {{ heartrate_pct }}, lambda pct: pct * settings.max_heartrate_bpm / 100
                )
            end
        ) as lower_bounds
    from settings
    cross join strava_bounds
    union all
    select
        athlete_id,
        valid_from,
        valid_to,
        'power' as zone_kind,
        'w' as unit,
        case when power_zones_pct is not null then 'config' else 'default' end as source,
        case
            when ftp_w is not null then list_transform(
                coalesce(power_zones_pct, {{ power_pct }}), lambda pct: pct * ftp_w / 100
            )
        end as lower_bounds
    from settings
    union all
    select
        athlete_id,
        valid_from,
        valid_to,
        'pace' as zone_kind,
        'm_per_s' as unit,
        'default' as source,
        case
            when threshold_pace_s_per_km is not null then list_transform(
                {{ pace_pct }}, lambda pct: pct * 10 / threshold_pace_s_per_km
            )
        end as lower_bounds
    from settings
),

zones as (
    select
        athlete_id,
        valid_from,
        valid_to,
        zone_kind,
        unnest(range(1, len(lower_bounds) + 2))::integer as zone_index,
        unnest(list_prepend('-infinity'::double, lower_bounds)) as lower_bound,
        unnest(list_append(lower_bounds, 'infinity'::double)) as upper_bound,
        unit,
        source
    from bounds_by_kind
    where lower_bounds is not null
)

select * from zones

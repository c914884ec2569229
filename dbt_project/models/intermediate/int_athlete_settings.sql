{%- set estimated_resting_heartrate_bpm = 60.0 -%}
{%- set threshold_share_of_reserve = 0.85 -%}
{#- An activity with less heart rate than this tells of the maximum only where none has more. -#}
{%- set representative_coverage_pct = 75 -%}
{%- set representative_time_s = 600 -%}
{#- Each setting with where it comes from when config.toml does not say it. -#}
{%- set sources = {
    'max_heartrate_bpm': "'estimate'",
    'resting_heartrate_bpm': "'estimate'",
    'threshold_heartrate_bpm': "'estimate'",
    'ftp_w': 'settings_source',
    'threshold_pace_s_per_km': none,
    'sex': 'settings_source',
    'weight_kg': 'settings_source',
} -%}

with configured as (
    select * from {{ ref('int_configured_settings') }}
),

from_strava as (
    select * from {{ ref('stg_strava__athlete') }}
),

stream_aggregates as (
    select * from {{ ref('int_stream_aggregates') }}
),

estimates as (
    select
        athlete_id,
        coalesce(
            max(heartrate_bpm_p999) filter (
                where heartrate_coverage_pct >= {{ representative_coverage_pct }}
                and heartrate_time_s >= {{ representative_time_s }}
            ),
            max(heartrate_bpm_p999)
        )::double as max_heartrate_bpm
    from stream_aggregates
    group by all
),

reserves as (
    select
        configured.athlete_id,
        configured.valid_from,
        estimates.max_heartrate_bpm as estimated_max_heartrate_bpm,
        coalesce(configured.max_heartrate_bpm, estimates.max_heartrate_bpm) as max_heartrate_bpm,
        coalesce(configured.resting_heartrate_bpm, {{ estimated_resting_heartrate_bpm }})
            as resting_heartrate_bpm
    from configured
    left join estimates using (athlete_id)
),

with_others as (
    select
        configured.*,
        from_strava.settings_source,
        from_strava.ftp_w as other_ftp_w,
        from_strava.sex as other_sex,
        from_strava.weight_kg as other_weight_kg,
        reserves.estimated_max_heartrate_bpm as other_max_heartrate_bpm,
        {{ estimated_resting_heartrate_bpm }}::double as other_resting_heartrate_bpm,
        reserves.resting_heartrate_bpm + {{ threshold_share_of_reserve }}
            * (reserves.max_heartrate_bpm - reserves.resting_heartrate_bpm)
            as other_threshold_heartrate_bpm
    from configured
    inner join reserves using (athlete_id, valid_from)
    left join from_strava using (athlete_id)
),

settings as (
    select
        athlete_id,
        valid_from,
        {%- for name, source in sources.items() %}
        {%- if source %}
        coalesce({{ name }}, other_{{ name }}) as {{ name }},
        case
            when {{ name }} is not null then 'config'
            when other_{{ name }} is not null then {{ source }}
        end as {{ name }}_source,
        {%- else %}
        {{ name }},
        case when {{ name }} is not null then 'config' end as {{ name }}_source,
        {%- endif %}
        {%- endfor %}
        duration_load_per_h,
        heartrate_zones_bpm,
        -- without FTP there are no zones for them to bound
        case when coalesce(ftp_w, other_ftp_w) is not null then power_zones_pct end as power_zones_pct
    from with_others
),

-- a block that changes nothing begins no period
periods as (
    select *
    from settings
    qualify
        (
            {%- for name in sources %}
            {{ name }}, {{ name }}_source,
            {%- endfor %}
            duration_load_per_h, heartrate_zones_bpm, power_zones_pct
        ) is distinct from lag((
            {%- for name in sources %}
            {{ name }}, {{ name }}_source,
            {%- endfor %}
            duration_load_per_h, heartrate_zones_bpm, power_zones_pct
        )) over (partition by athlete_id order by valid_from)
),

bounded as (
    select
        athlete_id,
        valid_from,
        lead(valid_from) over (partition by athlete_id order by valid_from) - 1 as valid_to,
        * exclude (athlete_id, valid_from),
        case
            when max_heartrate_bpm_source = 'config'
                and resting_heartrate_bpm_source = 'config'
                and threshold_heartrate_bpm_source = 'config'
                then 'config'
            else 'estimate'
        end as heartrate_settings_source
    from periods
)

select * from bounded

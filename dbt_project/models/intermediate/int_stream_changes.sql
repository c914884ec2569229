{{ config(materialized='table') }}
{#- What was computed last time. Not ref(): that table is built after this one, from it. -#}
{%- set computed = adapter.get_relation(this.database, this.schema, 'int_stream_aggregates')
    if execute and not flags.FULL_REFRESH else none -%}

with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

samples as (
    select * from {{ ref('stg_strava__samples') }}
),

stream_fetches as (
    select * from {{ ref('stg_strava__stream_fetches') }}
),

sample_counts as (
    select activity_id, count(*) as sample_count
    from samples
    group by all
),

-- everything that the models by activity know of an activity, beside its samples
activities_with_streams as (
    select
        activities.athlete_id,
        activities.activity_id,
        activities.sport_group,
        activities.distance_m,
        sample_counts.sample_count,
        activities.sport_group = 'ride' and coalesce(activities.device_watts, false) as has_power_meter,
        stream_fetches.fetched_at
    from activities
    -- raw samples and fetches say whose they are through their activity
    inner join sample_counts using (activity_id)
    left join stream_fetches using (activity_id)
    where stream_fetches.status is distinct from 'none'
),

fingerprinted as (
    select
        *,
        md5(concat_ws(
            '|', athlete_id, activity_id, sport_group, distance_m, sample_count, has_power_meter,
            epoch_us(fetched_at)
        )) as fingerprint
    from activities_with_streams
),

-- by the fingerprint alone, which holds the key: the table of an older version has other columns
compared as (
    select
        *,
        {% if computed is none -%}
        true as is_changed
        {%- else -%}
        fingerprint not in (select fingerprint from {{ computed }}) as is_changed
        {%- endif %}
    from fingerprinted
)

select * from compared

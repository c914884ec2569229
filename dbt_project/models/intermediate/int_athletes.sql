with activities as (
    select * from {{ ref('stg_strava__activities') }}
),

strava_athletes as (
    select * from {{ ref('stg_strava__athlete') }}
),

-- without the scope for it Strava tells of no athlete, and only the activities name one
athlete_ids as (
    select athlete_id from activities
    union
    select athlete_id from strava_athletes
),

-- of activities without an instant, or with the same one, any: the largest id
last_activities as (
    select
        athlete_id,
        max(activity_date) as last_activity_date,
        -- with its null: arg_max of the offset alone would pass over a newest one that has none
        arg_max(
            struct_pack(utc_offset_s), (coalesce(started_at, '-infinity'), activity_id)
        ).utc_offset_s as utc_offset_s
    from activities
    group by all
),

with_today as (
    select
        athlete_ids.athlete_id,
        {% if var('today', none) -%}
        date '{{ var("today") }}' as today
        {%- else -%}
        greatest(
            (
                ({{ dbt.current_timestamp() }} at time zone 'UTC')
                + to_seconds(coalesce(last_activities.utc_offset_s, 0)::bigint)
            )::date,
            last_activities.last_activity_date
        ) as today
        {%- endif %}
    from athlete_ids
    left join last_activities using (athlete_id)
)

select * from with_today

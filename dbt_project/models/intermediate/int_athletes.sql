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

last_activities as (
    select athlete_id, max(activity_date) as last_activity_date
    from activities
    group by all
),

with_today as (
    select
        athlete_ids.athlete_id,
        {% if var('today', none) -%}
        date '{{ var("today") }}' as today
        {%- else -%}
        greatest((now() at time zone 'UTC')::date, last_activities.last_activity_date) as today
        {%- endif %}
    from athlete_ids
    left join last_activities using (athlete_id)
)

select * from with_today

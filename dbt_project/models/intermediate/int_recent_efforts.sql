{%- set recent_days = 90 -%}

with best_efforts as (
    select * from {{ ref('best_efforts') }}
    where sport_group = 'foot'
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

recent_efforts as (
    select best_efforts.*
    from best_efforts
    inner join activities using (athlete_id, activity_id)
    inner join athletes using (athlete_id)
    where activities.activity_date > athletes.today - {{ recent_days }}
)

select * from recent_efforts

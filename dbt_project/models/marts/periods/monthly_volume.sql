with activities as (
    select
        *,
        date_trunc('month', activity_date)::date as month_start_date
    from {{ ref('activities') }}
    where activity_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

filled as (
    {{ volume_by('month_start_date', 'athletes.today', '1 month') }}
),

with_change as (
    select
        *,
        100 * (distance_m - lag(distance_m) over by_month) / nullif(lag(distance_m) over by_month, 0)
            as distance_change_pct
    from filled
    window by_month as (partition by athlete_id, sport_type order by month_start_date)
)

select * from with_change

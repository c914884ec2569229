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

first_months as (
    select athlete_id, sport_type, min(month_start_date) as first_month
    from activities
    group by all
),

sport_months as (
    select
        first_months.athlete_id,
        first_months.sport_type,
        unnest(generate_series(
            first_months.first_month::timestamp, athletes.today::timestamp, interval 1 month
        ))::date as month_start_date
    from first_months
    inner join athletes using (athlete_id)
),

filled as (
    {{ volume_by('month_start_date', 'activities', 'sport_months') }}
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

with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

daily_totals as (
    select
        athlete_id,
        year(activity_date) as year,
        sport_type,
        activity_date as calendar_date,
        count(*) as activity_count,
        sum(distance_m) as distance_m,
        sum(moving_time_s) as moving_time_s,
        sum(elevation_gain_m) as elevation_gain_m
    from activities
    group by all
),

sport_years as (
    select distinct athlete_id, year, sport_type
    from daily_totals
),

-- every day of each year, this year up to today
calendar as (
    select
        sport_years.athlete_id,
        sport_years.year,
        sport_years.sport_type,
        {{ calendar('make_date(year, 1, 1)', 'least(make_date(year, 12, 31), athletes.today)') }}
            as calendar_date
    from sport_years
    inner join athletes using (athlete_id)
),

cumulated as (
    select
        athlete_id,
        year,
        dayofyear(calendar_date) as day_of_year,
        sport_type,
        calendar_date,
        coalesce(sum(daily_totals.activity_count) over so_far, 0)::bigint as activity_count,
        coalesce(sum(daily_totals.distance_m) over so_far, 0) as distance_m,
        coalesce(sum(daily_totals.moving_time_s) over so_far, 0)::bigint as moving_time_s,
        coalesce(sum(daily_totals.elevation_gain_m) over so_far, 0) as elevation_gain_m
    from calendar
    left join daily_totals using (athlete_id, year, sport_type, calendar_date)
    window so_far as (partition by athlete_id, year, sport_type order by calendar_date)
)

select * from cumulated

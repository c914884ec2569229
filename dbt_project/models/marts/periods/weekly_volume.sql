with activities as (
    select * from {{ ref('activities') }}
    where week_start_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

first_weeks as (
    select athlete_id, sport_type, min(week_start_date) as first_week
    from activities
    group by all
),

sport_weeks as (
    select
        first_weeks.athlete_id,
        first_weeks.sport_type,
        {{ calendar('first_weeks.first_week', week_start_date('athletes.today'), step_days=7) }}
            as week_start_date
    from first_weeks
    inner join athletes using (athlete_id)
),

totals as (
    select
        athlete_id,
        week_start_date,
        sport_type,
        count(*) as activity_count,
        count(distinct activity_date) as active_day_count,
        sum(distance_m) as distance_m,
        sum(moving_time_s) as moving_time_s,
        sum(elapsed_time_s) as elapsed_time_s,
        sum(elevation_gain_m) as elevation_gain_m,
        max(distance_m) as longest_distance_m,
        max(moving_time_s) as longest_moving_time_s
    from activities
    group by all
),

filled as (
    select
        sport_weeks.athlete_id,
        sport_weeks.week_start_date,
        sport_weeks.sport_type,
        coalesce(totals.activity_count, 0)::bigint as activity_count,
        coalesce(totals.active_day_count, 0)::bigint as active_day_count,
        coalesce(totals.distance_m, 0)::double as distance_m,
        coalesce(totals.moving_time_s, 0)::bigint as moving_time_s,
        coalesce(totals.elapsed_time_s, 0)::bigint as elapsed_time_s,
        coalesce(totals.elevation_gain_m, 0)::double as elevation_gain_m,
        coalesce(totals.longest_distance_m, 0)::double as longest_distance_m,
        coalesce(totals.longest_moving_time_s, 0)::bigint as longest_moving_time_s
    from sport_weeks
    left join totals using (athlete_id, sport_type, week_start_date)
),

-- every week stands once in `filled`, so that four rows are four weeks
with_trend as (
    select
        *,
        case
            when count(*) over four_weeks = 4 then avg(distance_m) over four_weeks
        end as distance_m_4w_avg,
        case
            when count(*) over four_weeks = 4 then avg(moving_time_s) over four_weeks
        end as moving_time_s_4w_avg,
        100 * (distance_m - lag(distance_m) over by_week) / nullif(lag(distance_m) over by_week, 0)
            as distance_change_pct
    from filled
    window
        by_week as (partition by athlete_id, sport_type order by week_start_date),
        four_weeks as (
            partition by athlete_id, sport_type order by week_start_date
            rows between 3 preceding and current row
        )
)

select * from with_trend

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

filled as (
    {{ volume_by('week_start_date', 'activities', 'sport_weeks') }}
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

with activities as (
    select * from {{ ref('activities') }}
    where week_start_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

filled as (
    {{ volume_by('week_start_date', week_start_date('athletes.today'), '7 day') }}
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

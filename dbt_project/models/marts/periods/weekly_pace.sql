with activities as (
    select * from {{ ref('activities') }}
    where distance_m > 0 and moving_time_s > 0 and week_start_date is not null
),

sums as (
    select
        athlete_id,
        week_start_date,
        sport_type,
        count(*) as activity_count,
        sum(distance_m) as distance_m,
        sum(moving_time_s)::bigint as moving_time_s,
        sum(elapsed_time_s)::bigint as elapsed_time_s,
        min(pace_s_per_km) as fastest_pace_s_per_km,
        sum(moving_time_s * average_heartrate_bpm) as heartbeats,
        sum(moving_time_s) filter (where average_heartrate_bpm is not null) as heartrate_time_s,
        sum(gap_moving_time_s) as gap_moving_time_s,
        sum(gap_distance_m) as gap_distance_m
    from activities
    group by all
),

-- sums over the four calendar weeks that end with each, whatever weeks have a row
with_four_weeks as (
    select
        *,
        sum(moving_time_s) over four_weeks as moving_time_s_4w,
        sum(distance_m) over four_weeks as distance_m_4w
    from sums
    window four_weeks as (
        partition by athlete_id, sport_type order by week_start_date
        range between interval 21 day preceding and current row
    )
),

paces as (
    select
        athlete_id,
        week_start_date,
        sport_type,
        activity_count,
        distance_m,
        moving_time_s,
        elapsed_time_s,
        1000.0 * moving_time_s / nullif(distance_m, 0) as pace_s_per_km,
        1000.0 * elapsed_time_s / nullif(distance_m, 0) as elapsed_pace_s_per_km,
        distance_m / nullif(moving_time_s, 0) as average_speed_m_per_s,
        fastest_pace_s_per_km,
        1000.0 * moving_time_s_4w / nullif(distance_m_4w, 0) as pace_s_per_km_4w,
        heartbeats / nullif(heartrate_time_s, 0) as average_heartrate_bpm,
        1000.0 * gap_moving_time_s / nullif(gap_distance_m, 0) as gap_pace_s_per_km
    from with_four_weeks
),

with_change as (
    select
        *,
        pace_s_per_km - lag(pace_s_per_km) over (
            partition by athlete_id, sport_type order by week_start_date
        ) as pace_change_s_per_km
    from paces
)

select * from with_change

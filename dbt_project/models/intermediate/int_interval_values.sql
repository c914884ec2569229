with samples as (
    select * from {{ ref('int_samples') }}
),

consistent_samples as (
    select * from samples where is_distance_consistent
),

foot_samples as (
    select * from samples where sport_group = 'foot'
),

power_samples as (
    select * from samples where has_power_meter
),

other_samples as (
    select * from samples where sport_group <> 'foot' and not has_power_meter
),

distance_intervals as (
    {{ intervals('consistent_samples', 'has_distance') }}
),

heartrate_intervals as (
    {{ intervals('samples', 'heartrate_bpm is not null') }}
),

cadence_intervals as (
    {{ intervals('foot_samples', 'cadence_rpm is not null') }}
),

power_intervals as (
    {{ intervals('power_samples', 'power_w is not null') }}
),

speed_intervals as (
    {{ intervals('other_samples', 'speed_m_per_s is not null') }}
),

interval_values as (
    select athlete_id, activity_id, 'moving' as value_kind, time_s, interval_s, 1::double as value
    from distance_intervals
    where is_counted and is_moving
    union all
    select athlete_id, activity_id, 'heartrate' as value_kind, time_s, interval_s, heartrate_bpm as value
    from heartrate_intervals
    where is_counted
    union all
    select athlete_id, activity_id, 'cadence' as value_kind, time_s, interval_s, cadence_rpm as value
    from cadence_intervals
    where is_counted and is_moving
    union all
    select athlete_id, activity_id, 'power' as value_kind, time_s, interval_s, power_w as value
    from power_intervals
    where is_counted
    union all
    select athlete_id, activity_id, 'speed' as value_kind, time_s, interval_s, speed_m_per_s as value
    from speed_intervals
    where is_counted
)

select * from interval_values

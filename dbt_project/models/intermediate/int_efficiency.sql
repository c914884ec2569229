{%- set shortest_decoupling_s = 1200 -%}

with samples as (
    select * from {{ ref('int_samples') }}
    where has_power_meter
),

graded_samples as (
    select * from {{ ref('int_graded_samples') }}
    where is_distance_consistent
),

foot_intervals as (
    {{ intervals(
        'graded_samples', 'has_distance and slope is not null and heartrate_bpm is not null'
    ) }}
),

ride_intervals as (
    {{ intervals('samples', 'power_w is not null and heartrate_bpm is not null') }}
),

-- output: grade-adjusted metres on foot, joules riding; beats: heart rate times seconds
moving_intervals as (
    select
        athlete_id,
        activity_id,
        sport_group,
        time_s,
        interval_s,
        interval_mm / 1000 * {{ grade_factor('slope') }} as output,
        heartrate_bpm * interval_s as beats
    from foot_intervals
    where is_counted and is_moving
    union all
    select
        athlete_id,
        activity_id,
        sport_group,
        time_s,
        interval_s,
        (power_w * interval_s)::double as output,
        heartrate_bpm * interval_s as beats
    from ride_intervals
    where is_counted and is_moving
),

-- the halves meet at exactly half the seconds: the interval there is shared out
with_first_half as (
    select
        *,
        sum(interval_s) over (partition by athlete_id, activity_id) / 2 as half_s,
        sum(interval_s) over (partition by athlete_id, activity_id order by time_s) as end_s,
        greatest(0, least(1, (half_s - (end_s - interval_s)) / nullif(interval_s, 0)))::double as first_share
    from moving_intervals
),

summed as (
    select
        athlete_id,
        activity_id,
        sport_group,
        sum(interval_s) as seconds,
        sum(output) as output,
        sum(beats) as beats,
        sum(output * first_share) as first_output,
        sum(beats * first_share) as first_beats,
        sum(output * (1 - first_share)) as second_output,
        sum(beats * (1 - first_share)) as second_beats
    from with_first_half
    group by all
),

efficiency as (
    select
        athlete_id,
        activity_id,
        beats / nullif(seconds, 0) as average_heartrate_bpm,
        case when sport_group = 'foot' then 60 * output / nullif(beats, 0) end as foot_efficiency,
        first_output / nullif(first_beats, 0) as first_efficiency,
        second_output / nullif(second_beats, 0) as second_efficiency,
        case
            when seconds >= {{ shortest_decoupling_s }}
                then 100 * (first_efficiency - second_efficiency) / nullif(first_efficiency, 0)
        end as decoupling_pct
    from summed
)

select * from efficiency

{{ config(materialized='by_activity') }}
-- Built last of the models by activity, because its fingerprints say that all of them are done:
-- depends_on: {{ ref('int_stream_changes') }}
-- depends_on: {{ ref('int_effort_heartrates') }}
-- depends_on: {{ ref('splits') }}
-- depends_on: {{ ref('power_curve') }}
-- depends_on: {{ ref('climbs') }}
-- depends_on: {{ ref('intervals') }}
-- depends_on: {{ ref('durability') }}
-- depends_on: {{ ref('int_route_cells') }}
-- depends_on: {{ ref('int_visited_tiles') }}
-- depends_on: {{ ref('tracks') }}

{%- set maximum_quantile = 0.999 %}

with activities as (
    select * from {{ ref('int_batch_activities') }}
),

samples as (
    select * from {{ ref('int_samples') }}
),

seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
    where activity_id in (select activity_id from activities)
),

grade_adjusted as (
    select * from {{ ref('int_grade_adjusted') }}
),

normalized_power as (
    select * from {{ ref('int_normalized_power') }}
),

efficiency as (
    select * from {{ ref('int_efficiency') }}
),

smoothed_altitude as (
    select * from {{ ref('int_smoothed_altitude') }}
    where activity_id in (select activity_id from activities)
),

foot_samples as (
    select * from samples where sport_group = 'foot'
),

time_intervals as (
    {{ intervals('samples', 'true') }}
),

cadence_intervals as (
    {{ intervals('foot_samples', 'cadence_rpm is not null') }}
),

-- seconds of all samples with a time, whatever else they have
times as (
    select
        athlete_id,
        activity_id,
        sum(interval_s) filter (where is_counted) as counted_s,
        coalesce(sum(interval_s) filter (where is_counted and is_moving), 0) as moving_s
    from time_intervals
    group by all
),

-- the clean samples have one leg's cadence
cadence as (
    select
        athlete_id,
        activity_id,
        2 * sum(cadence_rpm * interval_s) / nullif(sum(interval_s), 0) as average_cadence_spm
    from cadence_intervals
    where is_counted and is_moving
    group by all
),

-- between the first and the last sample that have a distance
extents as (
    select
        athlete_id,
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        (max(time_s) - min(time_s))::double as stream_elapsed_time_s,
        any_value(is_distance_consistent) as is_distance_consistent
    from samples
    where has_distance
    group by all
),

-- the 99.9th percentile: single wrong beats do not set the maximum heart rate
measured as (
    select
        athlete_id,
        activity_id,
        quantile_cont(heartrate_bpm::double, {{ maximum_quantile }}) as heartrate_bpm_p999,
        count(heartrate_bpm) > 0 as has_heartrate,
        count(power_w) filter (where has_power_meter) > 0 as has_power
    from samples
    group by all
),

averages as (
    select
        athlete_id,
        activity_id,
        {% for kind in ['heartrate', 'power'] -%}
        coalesce(sum(time_s) filter (where value_kind = '{{ kind }}'), 0) as {{ kind }}_s,
        sum(value * time_s) filter (where value_kind = '{{ kind }}') / nullif({{ kind }}_s, 0)
            as average_{{ kind }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from seconds_by_value
    group by all
),

grade_adjusted_sums as (
    select
        athlete_id,
        activity_id,
        sum(interval_s)::double as gap_moving_time_s,
        sum(gap_distance_m) as gap_distance_m
    from grade_adjusted
    group by all
),

rises as (
    select
        athlete_id,
        activity_id,
        greatest(0, altitude_m - lag(altitude_m) over (
            partition by athlete_id, activity_id order by distance_mm
        )) as rise_m
    from smoothed_altitude
),

elevation_gains as (
    select athlete_id, activity_id, sum(rise_m) as elevation_gain_m
    from rises
    group by all
),

combined as (
    select
        activities.athlete_id,
        activities.activity_id,
        activities.fingerprint,
        activities.sample_count,
        extents.stream_distance_m,
        extents.stream_elapsed_time_s,
        times.moving_s::double as stream_moving_time_s,
        elevation_gains.elevation_gain_m as stream_elevation_gain_m,
        extents.is_distance_consistent,
        averages.average_power as average_stream_power_w,
        averages.average_heartrate as average_stream_heartrate_bpm,
        {% for kind in ['heartrate', 'power'] -%}
        case
            when measured.has_{{ kind }} and times.counted_s > 0
                then least(100, 100 * coalesce(averages.{{ kind }}_s, 0) / times.counted_s)
        end as {{ kind }}_coverage_pct,
        {% endfor -%}
        averages.heartrate_s::double as heartrate_time_s,
        grade_adjusted_sums.gap_moving_time_s,
        grade_adjusted_sums.gap_distance_m,
        normalized_power.power_time_s,
        normalized_power.normalized_power_w,
        coalesce(
            efficiency.foot_efficiency,
            normalized_power.normalized_power_w / nullif(efficiency.average_heartrate_bpm, 0)
        ) as efficiency_factor,
        efficiency.decoupling_pct,
        cadence.average_cadence_spm,
        measured.heartrate_bpm_p999
    from activities
    left join extents using (athlete_id, activity_id)
    left join times using (athlete_id, activity_id)
    left join measured using (athlete_id, activity_id)
    left join averages using (athlete_id, activity_id)
    left join elevation_gains using (athlete_id, activity_id)
    left join grade_adjusted_sums using (athlete_id, activity_id)
    left join normalized_power using (athlete_id, activity_id)
    left join efficiency using (athlete_id, activity_id)
    left join cadence using (athlete_id, activity_id)
)

select * from combined

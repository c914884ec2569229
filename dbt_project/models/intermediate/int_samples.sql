{%- set largest_measurement = '1e8' -%}

with activities as (
    select * from {{ ref('int_stream_changes') }}
    where activity_id in (select unnest(getvariable('stream_activities')))
),

samples as (
    select * from {{ ref('stg_strava__samples') }}
),

-- a number as large as this is no measurement, and its sums would end in infinity
measured_samples as (
    select
        activities.athlete_id,
        activities.sport_group,
        activities.has_power_meter,
        activities.distance_m as activity_distance_m,
        samples.* replace (
            {%- for name in ['distance_m', 'altitude_m', 'speed_m_per_s', 'gradient_pct'] %}
            case when abs(samples.{{ name }}) < {{ largest_measurement }} then samples.{{ name }} end
                as {{ name }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
    from samples
    -- raw samples say whose they are through their activity
    inner join activities using (activity_id)
),

-- distance is held at its running maximum before any sample is left out
with_held_distance as (
    select
        *,
        max(distance_m) over (
            partition by athlete_id, activity_id order by sample_index
        ) as held_distance_m,
        case
            when time_s is not null and distance_m is not null then held_distance_m
        end as placed_distance_m
    from measured_samples
),

-- whole millimetres from the first sample that has time and distance: comparisons become exact
with_distance_mm as (
    select
        *,
        try_cast(
            round(1000 * (
                held_distance_m - min(placed_distance_m) over (partition by athlete_id, activity_id)
            )) as bigint
        ) as distance_mm
    from with_held_distance
),

described as (
    select
        athlete_id,
        activity_id,
        sample_index,
        sport_group,
        has_power_meter,
        activity_distance_m,
        time_s::bigint as time_s,
        distance_mm,
        distance_m is not null and distance_mm is not null as has_distance,
        altitude_m,
        speed_m_per_s,
        heartrate_bpm,
        cadence_rpm,
        power_w,
        gradient_pct,
        coalesce(is_moving, true) as is_moving
    from with_distance_mm
)

select * from described

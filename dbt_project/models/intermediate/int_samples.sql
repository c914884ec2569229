with samples as (
    select *
    from {{ ref('stg_strava__samples') }}
    where activity_id in (select unnest(getvariable('stream_activities')))
),

activities as (
    select * from {{ ref('int_stream_changes') }}
),

-- a number as large as this is no measurement, and its sums would end in infinity
measured_samples as (
    select * replace (
        {%- for name in ['distance_m', 'altitude_m', 'speed_m_per_s', 'gradient_pct'] %}
        case when abs({{ name }}) < 1e8 then {{ name }} end as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
    from samples
),

-- distance is held at its running maximum before any sample is left out
with_held_distance as (
    select
        *,
        max(distance_m) over (partition by activity_id order by sample_index) as held_distance_m,
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
            round(1000 * (held_distance_m - min(placed_distance_m) over (partition by activity_id)))
            as bigint
        ) as distance_mm
    from with_held_distance
),

described as (
    select
        samples.activity_id,
        samples.sample_index,
        activities.sport_group,
        activities.has_power_meter,
        activities.distance_m as activity_distance_m,
        samples.time_s::bigint as time_s,
        samples.distance_mm,
        samples.distance_m is not null and samples.distance_mm is not null as has_distance,
        samples.altitude_m,
        samples.speed_m_per_s,
        samples.heartrate_bpm,
        samples.cadence_rpm,
        samples.power_w,
        samples.gradient_pct,
        coalesce(samples.is_moving, true) as is_moving
    from with_distance_mm as samples
    inner join activities using (activity_id)
)

select * from described

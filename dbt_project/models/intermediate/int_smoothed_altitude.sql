{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{#- Altitude over distance, as its mean over the metres around each point. -#}
{%- set half_window_mm = 25000 %}

with samples as (
    select * from {{ ref('int_samples') }}
    where has_distance
),

-- of samples at one distance the first that has an altitude
points as (
    select athlete_id, activity_id, distance_mm, arg_min(altitude_m, time_s) as altitude_m
    from samples
    group by all
),

-- where it is null: interpolated between the points around, held beyond the first and the last
filled as (
    select
        athlete_id,
        activity_id,
        distance_mm,
        last_value(altitude_m ignore nulls) over until_here as from_altitude_m,
        first_value(altitude_m ignore nulls) over from_here as to_altitude_m,
        last_value(case when altitude_m is not null then distance_mm end ignore nulls) over until_here
            as from_mm,
        first_value(case when altitude_m is not null then distance_mm end ignore nulls) over from_here
            as to_mm,
        case
            when altitude_m is not null then altitude_m
            when from_altitude_m is null then to_altitude_m
            when to_altitude_m is null then from_altitude_m
            else from_altitude_m
                + (to_altitude_m - from_altitude_m) * (distance_mm - from_mm) / (to_mm - from_mm)
        end as altitude_m
    from points
    window
        until_here as (
            partition by athlete_id, activity_id order by distance_mm
            rows between unbounded preceding and current row
        ),
        from_here as (
            partition by athlete_id, activity_id order by distance_mm
            rows between current row and unbounded following
        )
),

-- the area under the curve up to each point
areas as (
    select
        athlete_id,
        activity_id,
        distance_mm,
        altitude_m,
        distance_mm - lag(distance_mm) over in_order as leg_mm,
        lead(distance_mm) over in_order - distance_mm as next_leg_mm,
        (altitude_m - lag(altitude_m) over in_order) / leg_mm as leg_slope,
        (lead(altitude_m) over in_order - altitude_m) / next_leg_mm as next_leg_slope,
        (altitude_m + lag(altitude_m) over in_order) / 2 * leg_mm as leg_area
    from filled
    where altitude_m is not null
    window in_order as (partition by athlete_id, activity_id order by distance_mm)
),

summed as (
    select
        *,
        coalesce(sum(leg_area) over (
            partition by athlete_id, activity_id order by distance_mm
        ), 0) as area,
        min(distance_mm) over (partition by athlete_id, activity_id) as first_mm,
        max(distance_mm) over (partition by athlete_id, activity_id) as last_mm
    from areas
),

-- the first and the last point within the window
windows as (
    select
        *,
        first_value({
            'mm': distance_mm, 'm': altitude_m, 'slope': leg_slope, 'area': area
        }) over around as first_point,
        last_value({
            'mm': distance_mm, 'm': altitude_m, 'slope': next_leg_slope, 'area': area
        }) over around as last_point
    from summed
    window around as (
        partition by athlete_id, activity_id order by distance_mm
        range between {{ half_window_mm }} preceding and {{ half_window_mm }} following
    )
),

-- and what of the window lies before and after them
margins as (
    select
        *,
        windows.first_point.mm - greatest(distance_mm - {{ half_window_mm }}, first_mm) as before_mm,
        least(distance_mm + {{ half_window_mm }}, last_mm) - windows.last_point.mm as after_mm
    from windows
),

-- area between the two points, and that of the pieces of a leg on either side, over the width
smoothed as (
    select
        athlete_id,
        activity_id,
        distance_mm,
        coalesce(
            (
                margins.last_point.area - margins.first_point.area
                + before_mm * (
                    margins.first_point.m - coalesce(margins.first_point.slope, 0) * before_mm / 2
                )
                + after_mm * (margins.last_point.m + coalesce(margins.last_point.slope, 0) * after_mm / 2)
            ) / nullif(margins.last_point.mm + after_mm - margins.first_point.mm + before_mm, 0),
            altitude_m
        ) as altitude_m
    from margins
)

select * from smoothed

with samples as (
    select * from {{ ref('int_samples') }}
    where sport_group in ('foot', 'ride', 'swim')
),

curve as (
    {{ intervals('samples', 'has_distance') }}
),

-- a stream that differs from the activity's own distance was corrected afterwards
trusted_streams as (
    select
        activity_id,
        max(distance_mm) / 1000 as stream_distance_m,
        any_value(activity_distance_m) as activity_distance_m
    from curve
    group by all
    having
        any_value(activity_distance_m) > 0
        and abs(stream_distance_m - any_value(activity_distance_m))
            <= 0.05 * any_value(activity_distance_m)
),

-- cut at every implausibly fast step: a stretch lies within one piece
pieces as (
    select
        activity_id,
        sport_group,
        time_s,
        distance_mm,
        min(time_s) over (partition by activity_id) as first_s,
        count(*) filter (
            where interval_mm > interval_s * case sport_group
                when 'foot' then 12000 when 'ride' then 35000 when 'swim' then 4000
            end
        ) over (partition by activity_id order by time_s) as piece
    from curve
    semi join trusted_streams using (activity_id)
),

-- standing still makes the curve vertical: one point per distance, with its first and last instant
points as (
    select
        activity_id,
        sport_group,
        piece,
        distance_mm,
        min(time_s - first_s) as arrival_s,
        max(time_s - first_s) as departure_s,
        any_value(first_s) as first_s
    from pieces
    group by all
),

legs as (
    select
        *,
        lead(distance_mm) over in_order - distance_mm as leg_mm,
        lead(arrival_s) over in_order - departure_s as leg_s,
        first_value(distance_mm) over in_order as piece_start_mm,
        max(distance_mm) over (partition by activity_id, piece) as piece_end_mm
    from points
    window in_order as (partition by activity_id, piece order by distance_mm)
)

select * from legs

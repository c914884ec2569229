-- A climb begins where the one before is over.
with climbs as (
    select * from {{ ref('climbs') }}
),

with_next as (
    select
        *,
        lead(start_distance_m) over (
            partition by athlete_id, activity_id order by climb_index
        ) as next_start_distance_m
    from climbs
)

select * from with_next
where
    next_start_distance_m < start_distance_m + distance_m - 0.001
    or elapsed_time_s < 0

with samples as (
    select * from {{ ref('int_samples') }}
),

-- (0, 0) is the place of a device that knows none
positions as (
    select athlete_id, activity_id, sample_index, latitude_deg, longitude_deg
    from samples
    where
        latitude_deg between -90 and 90
        and longitude_deg between -180 and 180
        and not (latitude_deg = 0 and longitude_deg = 0)
)

select * from positions

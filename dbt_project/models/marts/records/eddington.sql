with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

-- whole millimetres: 20 km in two rides is 20 km, whatever the floating-point sum says
units (unit, unit_mm) as (
    values ('km', 1000000), ('mi', 1609344)
),

daily_distances as (
    select
        athlete_id,
        sport_group,
        activity_date,
        coalesce(try_cast(round(1000 * sum(distance_m)) as bigint), 0) as distance_mm
    from activities
    group by all
),

ranked_days as (
    select
        *,
        row_number() over (partition by athlete_id, sport_group order by distance_mm desc) as day_rank
    from daily_distances
),

eddington_numbers as (
    select
        ranked_days.athlete_id,
        ranked_days.sport_group,
        units.unit,
        units.unit_mm,
        count(*) filter (where ranked_days.distance_mm >= ranked_days.day_rank * units.unit_mm)
            as eddington_number
    from ranked_days
    cross join units
    group by all
),

next_days as (
    select
        numbers.athlete_id,
        numbers.sport_group,
        numbers.unit,
        numbers.eddington_number,
        count(*) filter (
            where days.distance_mm >= (numbers.eddington_number + 1) * numbers.unit_mm
        ) as day_count
    from eddington_numbers as numbers
    inner join daily_distances as days using (athlete_id, sport_group)
    group by
        numbers.athlete_id,
        numbers.sport_group,
        numbers.unit,
        numbers.eddington_number,
        numbers.unit_mm
),

with_next as (
    select
        athlete_id,
        sport_group,
        unit,
        eddington_number,
        eddington_number + 1 - day_count as days_to_next
    from next_days
)

select * from with_next

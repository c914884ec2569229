with seconds_by_value as (
    select * from {{ ref('int_seconds_by_value') }}
),

zones as (
    select * from {{ ref('int_zones') }}
),

time_in_zones as (
    select
        seconds_by_value.athlete_id,
        seconds_by_value.activity_id,
        zones.zone_kind,
        zones.zone_index::integer as zone_index,
        coalesce(
            sum(seconds_by_value.time_s) filter (
                where seconds_by_value.value >= zones.lower_bound
                and seconds_by_value.value < zones.upper_bound
            ),
            0
        )::bigint as time_s
    from seconds_by_value
    inner join zones
        on seconds_by_value.athlete_id = zones.athlete_id
        and seconds_by_value.value_kind = zones.zone_kind
    group by all
)

select * from time_in_zones

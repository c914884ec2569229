with zones as (
    select * from {{ ref('int_zones') }}
),

final as (
    select
        athlete_id,
        valid_from,
        valid_to,
        zone_kind,
        zone_index,
        case when isfinite(lower_bound) then lower_bound end as lower_bound,
        case when isfinite(upper_bound) then upper_bound end as upper_bound,
        unit,
        source
    from zones
)

select * from final

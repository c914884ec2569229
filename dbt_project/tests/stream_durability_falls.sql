-- The later a window has to begin, the fewer there are to choose from.
with durability as (
    select * from {{ ref('durability') }}
),

with_next as (
    select
        *,
        lead(value) over (
            partition by athlete_id, activity_id, duration_s order by after
        ) as later_value
    from durability
)

select * from with_next where later_value > value or share_of_best_pct > 100

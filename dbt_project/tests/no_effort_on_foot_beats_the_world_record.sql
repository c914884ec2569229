-- Nobody's best effort on foot is faster than the fastest that anybody has run; a distance without a record fails, too.
with best_efforts as (
    select * from {{ ref('best_efforts') }}
    where sport_group = 'foot'
),

world_records as (
    select * from {{ ref('world_records') }}
)

select best_efforts.*
from best_efforts
left join world_records using (effort_distance_m)
where best_efforts.elapsed_time_s < coalesce(world_records.record_time_s, 'infinity'::double)

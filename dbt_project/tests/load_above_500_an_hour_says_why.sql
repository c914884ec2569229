-- Nobody bears a load above 500 an hour of elapsed time: where a setting or a recording makes one, the row says so.
with activities as (
    select * from {{ ref('activities') }}
)

select athlete_id, activity_id, training_load, elapsed_time_s, training_load_note
from activities
where
    coalesce(training_load * 3600 > 500.000001 * elapsed_time_s and training_load_note is null, false)
    or coalesce(training_load * 3600 < 499.999999 * elapsed_time_s and training_load_note is not null, false)

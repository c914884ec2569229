-- Periods of settings meet without gap from 1900-01-01 on, the last one open, and zones have the same ones.
with periods as (
    select athlete_id, valid_from, valid_to
    from {{ ref('athlete_settings') }}
),

zones as (
    select distinct athlete_id, valid_from, valid_to
    from {{ ref('zones') }}
),

neighbours as (
    select
        *,
        lag(valid_to + 1, 1, date '1900-01-01') over by_day as expected_from,
        lead(valid_from) over by_day is null as is_last
    from periods
    window by_day as (partition by athlete_id order by valid_from)
),

failures as (
    select athlete_id, valid_from, valid_to
    from neighbours
    where valid_from is distinct from expected_from or is_last <> (valid_to is null)
    union all
    select zones.*
    from zones
    anti join periods
        on zones.athlete_id = periods.athlete_id
        and zones.valid_from = periods.valid_from
        and zones.valid_to is not distinct from periods.valid_to
)

select * from failures

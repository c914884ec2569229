-- Nothing is lost or counted twice on the way: every mart that only sums adds up to the raw table.
with raw_activities as (
    select
        * replace (
            -- the repairs of a summary
            case
                when moving_time > elapsed_time and elapsed_time > 0 then elapsed_time
                when coalesce(moving_time, 0) = 0 and distance > 0 then elapsed_time
                else moving_time
            end as moving_time
        )
    from {{ source('strava_raw', 'activities') }}
    where deleted_at is null
),

dated as (
    select * from raw_activities
    where coalesce(start_date_local, start_date at time zone 'UTC') is not null
),

totals as (
    select
        'activities' as mart,
        (select (count(*), sum(distance), sum(moving_time)) from raw_activities) as expected,
        (
            select (count(*), sum(distance_m), sum(moving_time_s)) from {{ ref('activities') }}
        ) as found
    union all
    select
        'weekly_volume' as mart,
        (select (count(*), sum(distance), sum(moving_time)) from dated) as expected,
        (
            select (sum(activity_count), sum(distance_m), sum(moving_time_s))
            from {{ ref('weekly_volume') }}
        ) as found
    union all
    select
        'monthly_volume' as mart,
        (select (count(*), sum(distance), sum(moving_time)) from dated) as expected,
        (
            select (sum(activity_count), sum(distance_m), sum(moving_time_s))
            from {{ ref('monthly_volume') }}
        ) as found
    union all
    select
        'weekly_pace' as mart,
        (
            select (count(*), sum(distance), sum(moving_time)) from dated
            where distance > 0 and moving_time > 0
        ) as expected,
        (
            select (sum(activity_count), sum(distance_m), sum(moving_time_s))
            from {{ ref('weekly_pace') }}
        ) as found
    union all
    select
        'year_to_date' as mart,
        (select (count(*), sum(distance), sum(moving_time)) from dated) as expected,
        (
            select (sum(activity_count), sum(distance_m), sum(moving_time_s))
            from (
                select * from {{ ref('year_to_date') }}
                qualify row_number() over (
                    partition by athlete_id, year, sport_type order by day_of_year desc
                ) = 1
            )
        ) as found
    union all
    select
        'gear' as mart,
        (
            select (count(*), sum(distance), sum(moving_time)) from raw_activities
            where gear_id <> ''
        ) as expected,
        (
            select (sum(activity_count), sum(distance_m), sum(moving_time_s)) from {{ ref('gear') }}
        ) as found
    union all
    select
        'daily_training_load' as mart,
        (
            select (0, sum(training_load), 0) from {{ ref('activities') }}
            where activity_date is not null
        ) as expected,
        (select (0, sum(training_load), 0) from {{ ref('daily_training_load') }}) as found
),

differences as (
    select *
    from totals
    where
        coalesce(expected[1], 0) <> coalesce(found[1], 0)
        or abs(coalesce(expected[2], 0) - coalesce(found[2], 0)) > 1e-6 * (1 + coalesce(expected[2], 0))
        or coalesce(expected[3], 0) <> coalesce(found[3], 0)
)

select * from differences

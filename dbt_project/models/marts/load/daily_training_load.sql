{%- set fitness_days = var('fitness_days') -%}
{%- set fatigue_days = var('fatigue_days') -%}
{#- What is older weighs less than e^-40 in both. -#}
{%- set remembered_days = (40 * [fitness_days, fatigue_days] | max) | round(0, 'ceil') | int -%}

with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

athletes as (
    select * from {{ ref('int_athletes') }}
),

loads as (
    select athlete_id, activity_date as load_date, sum(training_load) as training_load
    from activities
    group by all
),

first_days as (
    select athlete_id, min(load_date) as first_day
    from loads
    group by all
),

days as (
    select
        first_days.athlete_id,
        {{ calendar('first_days.first_day', 'athletes.today') }} as load_date
    from first_days
    inner join athletes using (athlete_id)
),

daily as (
    select
        days.athlete_id,
        days.load_date,
        coalesce(loads.training_load, 0)::double as training_load,
        row_number() over (partition by days.athlete_id order by days.load_date) as day_index
    from days
    left join loads using (athlete_id, load_date)
),

-- x = x₋₁ · e^(−1/τ) + load · (1 − e^(−1/τ)) from 0, written as the sum that it is over the past:
-- no power of e grows with the years
averages as (
    select
        daily.athlete_id,
        daily.day_index,
        (1 - exp(-1 / {{ fitness_days }})) * coalesce(
            sum(past.training_load * exp((past.day_index - daily.day_index) / {{ fitness_days }})), 0
        ) as fitness,
        (1 - exp(-1 / {{ fatigue_days }})) * coalesce(
            sum(past.training_load * exp((past.day_index - daily.day_index) / {{ fatigue_days }})), 0
        ) as fatigue
    from daily
    left join daily as past
        on past.athlete_id = daily.athlete_id
        and past.day_index between daily.day_index - {{ remembered_days }} and daily.day_index
        and past.training_load > 0
    group by all
),

with_windows as (
    select
        daily.athlete_id,
        daily.load_date,
        daily.training_load,
        averages.fitness,
        averages.fatigue,
        lag(averages.fitness) over by_day as fitness_yesterday,
        lag(averages.fatigue) over by_day as fatigue_yesterday,
        lag(averages.fitness, 7) over by_day as fitness_7d_before,
        count(*) over seven_days as day_count,
        min(daily.training_load) over seven_days as smallest_load,
        max(daily.training_load) over seven_days as largest_load,
        sum(daily.training_load) over seven_days as load_7d,
        avg(daily.training_load) over seven_days as mean_load,
        stddev_samp(daily.training_load) over seven_days as load_deviation
    from daily
    inner join averages using (athlete_id, day_index)
    window
        by_day as (partition by daily.athlete_id order by daily.load_date),
        seven_days as (
            partition by daily.athlete_id order by daily.load_date
            rows between 6 preceding and current row
        )
),

with_ratios as (
    select
        athlete_id,
        load_date,
        training_load,
        fitness,
        fatigue,
        coalesce(fitness_yesterday - fatigue_yesterday, 0) as form,
        100 * (fitness_yesterday - fatigue_yesterday) / nullif(fitness_yesterday, 0) as form_pct,
        fatigue / nullif(fitness, 0) as acute_chronic_ratio,
        fitness - fitness_7d_before as ramp_7d,
        case
            when day_count = 7 and smallest_load < largest_load
                then mean_load / nullif(load_deviation, 0)
        end as monotony,
        load_7d * monotony as strain
    from with_windows
)

select * from with_ratios

with activities as (
    select * from {{ ref('activities') }}
    where activity_date is not null
),

loads as (
    select activity_date as load_date, sum(training_load) as training_load
    from activities
    group by all
),

days as (
    select
        unnest(generate_series(min(activity_date), {{ today() }}, interval 1 day))::date as load_date
    from activities
),

daily as (
    select
        days.load_date,
        coalesce(loads.training_load, 0)::double as training_load,
        row_number() over (order by days.load_date) as day_index
    from days
    left join loads using (load_date)
),

-- x = x₋₁ · e^(−1/τ) + load · (1 − e^(−1/τ)) from 0, written as the sum that it is over the past:
-- no power of e grows with the years; what is older than 1700 days weighs less than e^−40
averages as (
    select
        daily.day_index,
        (1 - exp(-1 / 42.0)) * coalesce(
            sum(past.training_load * exp((past.day_index - daily.day_index) / 42.0)), 0
        ) as fitness,
        (1 - exp(-1 / 7.0)) * coalesce(
            sum(past.training_load * exp((past.day_index - daily.day_index) / 7.0)), 0
        ) as fatigue
    from daily
    left join daily as past
        on past.day_index between daily.day_index - 1700 and daily.day_index
        and past.training_load > 0
    group by all
),

with_form as (
    select
        daily.load_date,
        daily.training_load,
        averages.fitness,
        averages.fatigue,
        coalesce(lag(averages.fitness) over by_day - lag(averages.fatigue) over by_day, 0) as form,
        count(*) over seven_days as day_count,
        min(daily.training_load) over seven_days as smallest_load,
        max(daily.training_load) over seven_days as largest_load,
        sum(daily.training_load) over seven_days as load_7d,
        avg(daily.training_load) over seven_days as mean_load,
        stddev_samp(daily.training_load) over seven_days as load_deviation
    from daily
    inner join averages using (day_index)
    window
        by_day as (order by daily.load_date),
        seven_days as (order by daily.load_date rows between 6 preceding and current row)
),

with_monotony as (
    select
        load_date,
        training_load,
        fitness,
        fatigue,
        form,
        case
            when day_count = 7 and smallest_load < largest_load
                then mean_load / nullif(load_deviation, 0)
        end as monotony,
        load_7d * monotony as strain
    from with_form
)

select * from with_monotony

{%- set fitness_days = var('fitness_days') -%}
{%- set fatigue_days = var('fatigue_days') -%}
{#- e^(day/τ) stays small enough within so many days, as τ is a day or more. -#}
{%- set block_days = 64 -%}

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
        row_number() over by_day - 1 as day_index,
        day_index // {{ block_days }} as block_index,
        day_index % {{ block_days }} as day_of_block
    from days
    left join loads using (athlete_id, load_date)
    window by_day as (partition by days.athlete_id order by days.load_date)
),

-- x = x₋₁ · e^(−1/τ) + load · (1 − e^(−1/τ)) from 0, written as the sum that it is over the past: first over
-- the days of a block, as no power of e may grow with the years
within_blocks as (
    select
        *,
        exp(-day_of_block / {{ fitness_days }})
            * sum(training_load * exp(day_of_block / {{ fitness_days }})) over in_block as fitness_sum,
        exp(-day_of_block / {{ fatigue_days }})
            * sum(training_load * exp(day_of_block / {{ fatigue_days }})) over in_block as fatigue_sum
    from daily
    window in_block as (partition by athlete_id, block_index order by day_of_block)
),

block_ends as (
    select *
    from within_blocks
    where day_of_block = {{ block_days - 1 }}
),

-- what is left of all blocks before at the end of the last of them
carried as (
    select
        blocks.athlete_id,
        blocks.block_index + 1 as block_index,
        sum(
            past.fitness_sum
            * exp({{ block_days }} * (past.block_index - blocks.block_index) / {{ fitness_days }})
        ) as fitness_sum,
        sum(
            past.fatigue_sum
            * exp({{ block_days }} * (past.block_index - blocks.block_index) / {{ fatigue_days }})
        ) as fatigue_sum
    from block_ends as blocks
    inner join block_ends as past
        on past.athlete_id = blocks.athlete_id
        and past.block_index <= blocks.block_index
    group by all
),

averages as (
    select
        within_blocks.athlete_id,
        within_blocks.load_date,
        within_blocks.training_load,
        (1 - exp(-1 / {{ fitness_days }})) * (
            within_blocks.fitness_sum
            + coalesce(carried.fitness_sum, 0) * exp(-(within_blocks.day_of_block + 1) / {{ fitness_days }})
        ) as fitness,
        (1 - exp(-1 / {{ fatigue_days }})) * (
            within_blocks.fatigue_sum
            + coalesce(carried.fatigue_sum, 0) * exp(-(within_blocks.day_of_block + 1) / {{ fatigue_days }})
        ) as fatigue
    from within_blocks
    left join carried using (athlete_id, block_index)
),

with_windows as (
    select
        athlete_id,
        load_date,
        training_load,
        fitness,
        fatigue,
        lag(fitness) over by_day as fitness_yesterday,
        lag(fatigue) over by_day as fatigue_yesterday,
        lag(fitness, 7) over by_day as fitness_7d_before,
        count(*) over seven_days as day_count,
        min(training_load) over seven_days as smallest_load,
        max(training_load) over seven_days as largest_load,
        sum(training_load) over seven_days as load_7d,
        avg(training_load) over seven_days as mean_load,
        stddev_samp(training_load) over seven_days as load_deviation
    from averages
    window
        by_day as (partition by athlete_id order by load_date),
        seven_days as (
            partition by athlete_id order by load_date
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

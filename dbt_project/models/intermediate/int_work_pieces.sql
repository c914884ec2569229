{#- Means over the seconds around each second. -#}
{%- set half_window_s = 7 -%}
{#- Work and rest further apart than that are two things. -#}
{%- set least_difference = 0.15 -%}
{#- Variances closer than that are equal. -#}
{%- set noise = 1e-9 -%}
{%- set shortest_piece_s = 20 -%}
{%- set fewest_work_pieces = 3 %}

with recursive seconds as (
    select * from {{ ref('int_intensity_seconds') }}
    where intensity_kind in ('power', 'pace', 'speed')
),

-- Rounded, so that the noise of doubles makes no two values of one. No window reaches across a pause: that is
-- longer than ten seconds.
smoothed as (
    select
        athlete_id,
        activity_id,
        second_s,
        round(avg(intensity) over (
            partition by athlete_id, activity_id order by second_s
            range between {{ half_window_s }} preceding and {{ half_window_s }} following
        ), 9) as intensity
    from seconds
),

-- Otsu's threshold: of all cuts between two values that with the most variance between the parts, of
-- equal ones the lowest

value_counts as (
    select athlete_id, activity_id, intensity, count(*) as value_count
    from smoothed
    group by all
),

totals as (
    select
        athlete_id,
        activity_id,
        sum(value_count) as total_count,
        sum(value_count * intensity) as total_sum
    from value_counts
    group by all
),

low_parts as (
    select
        athlete_id,
        activity_id,
        intensity,
        sum(value_count) over up_to_value as low_count,
        sum(value_count * intensity) over up_to_value as low_sum
    from value_counts
    window up_to_value as (partition by athlete_id, activity_id order by intensity)
),

cuts as (
    select
        athlete_id,
        activity_id,
        intensity,
        total_sum / total_count as overall_mean,
        (total_sum - low_sum) / (total_count - low_count) - low_sum / low_count as difference,
        low_count * (total_count - low_count) * pow(difference, 2) as variance
    from low_parts
    inner join totals using (athlete_id, activity_id)
    where low_count < total_count
),

most_variance as (
    select athlete_id, activity_id, max(variance) as most_variance
    from cuts
    group by all
),

thresholds as (
    select
        athlete_id,
        activity_id,
        min(intensity) as threshold,
        arg_min(difference, intensity) as difference,
        any_value(overall_mean) as overall_mean
    from cuts
    inner join most_variance using (athlete_id, activity_id)
    where variance >= (1 - {{ noise }}) * most_variance
    group by all
    having arg_min(difference, intensity) >= {{ least_difference }} * any_value(overall_mean)
),

-- a change of kind or a pause ends a piece: its seconds follow one another

kinds as (
    select
        smoothed.athlete_id,
        smoothed.activity_id,
        smoothed.second_s,
        intensity > threshold as is_work,
        second_s - row_number() over (
            partition by athlete_id, activity_id, is_work order by second_s
        ) as piece_id
    from smoothed
    inner join thresholds using (athlete_id, activity_id)
),

pieces as (
    select
        athlete_id,
        activity_id,
        is_work,
        min(second_s) - 1 as start_s,
        count(*) as duration_s
    from kinds
    group by athlete_id, activity_id, is_work, piece_id
),

-- a run: pieces that follow one another without a pause
runs as (
    select
        athlete_id,
        activity_id,
        start_s + duration_s - sum(duration_s) over (
            partition by athlete_id, activity_id order by start_s
        ) as run_id,
        is_work,
        start_s,
        duration_s
    from pieces
),

-- A short piece takes its neighbours' kind, the shortest first. Those that are shorter than both of
-- their neighbours can do so at once: nothing that happens further away reaches them before.
merged as (
    select 0 as round, * from runs
    union all
    select
        round + 1 as round,
        athlete_id,
        activity_id,
        run_id,
        any_value(is_work) as is_work,
        min(start_s) as start_s,
        sum(duration_s)::bigint as duration_s
    from (
        select
            *,
            sum(is_new::integer) over (
                partition by athlete_id, activity_id, run_id order by start_s
            ) as new_piece
        from (
            select
                * replace (is_work <> is_turned as is_work),
                coalesce(
                    (is_work <> is_turned) <> lag(is_work <> is_turned) over in_run, true
                ) as is_new
            from (
                select
                    *,
                    coalesce(
                        duration_s < {{ shortest_piece_s }}
                        and count(*) over (partition by athlete_id, activity_id, run_id) > 1
                        and duration_s < coalesce(lag(duration_s) over in_run, duration_s + 1)
                        and duration_s <= coalesce(lead(duration_s) over in_run, duration_s),
                        false
                    ) as is_turned
                from merged
                window in_run as (partition by athlete_id, activity_id, run_id order by start_s)
            )
            window in_run as (partition by athlete_id, activity_id, run_id order by start_s)
            qualify bool_or(is_turned) over (partition by athlete_id, activity_id, run_id)
        )
    )
    group by round, athlete_id, activity_id, run_id, new_piece
),

-- the last round of each run
work_pieces as (
    select
        athlete_id,
        activity_id,
        row_number() over (partition by athlete_id, activity_id order by start_s)::integer
            as interval_index,
        is_work,
        start_s,
        duration_s
    from (
        select *
        from merged
        qualify round = max(round) over (partition by athlete_id, activity_id, run_id)
    )
    qualify
        sum(1) filter (where is_work) over (partition by athlete_id, activity_id)
            >= {{ fewest_work_pieces }}
)

select * from work_pieces

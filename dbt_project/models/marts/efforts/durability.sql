{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set durations_s = [300, 1200] -%}
{%- set done_before = { 'power': [0, 1000, 1500, 2000], 'grade_adjusted': [0, 3600, 7200, 10800] } %}

with seconds as (
    select * from {{ ref('int_intensity_seconds') }}
    where intensity_kind in ('power', 'grade_adjusted')
),

-- what was done before each second: kilojoules, on foot the number of seconds
summed as (
    select
        athlete_id,
        activity_id,
        intensity_kind,
        second_s,
        sum(intensity) over in_order as intensity_sum,
        intensity_sum - intensity as sum_before,
        case
            when intensity_kind = 'power' then sum_before / 1000
            else row_number() over in_order - 1
        end as done_before
    from seconds
    window in_order as (partition by athlete_id, activity_id order by second_s)
),

-- the windows that begin with each second: seconds that follow one another only
windows as (
    {% for duration_s in durations_s -%}
    {%- set in_order = 'over (partition by athlete_id, activity_id order by second_s)' -%}
    {%- set last = duration_s - 1 -%}
    select
        athlete_id,
        activity_id,
        intensity_kind,
        done_before,
        {{ duration_s }} as duration_s,
        (lead(intensity_sum, {{ last }}) {{ in_order }} - sum_before) / {{ duration_s }} as value
    from summed
    qualify lead(second_s, {{ last }}) {{ in_order }} = second_s + {{ last }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

levels as (
    {% for kind, levels in done_before.items() -%}
    select '{{ kind }}' as intensity_kind, unnest({{ levels }}) as after
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

best_windows as (
    select
        windows.athlete_id,
        windows.activity_id,
        windows.duration_s,
        levels.after,
        windows.intensity_kind,
        max(windows.value) as value
    from windows
    inner join levels
        on windows.intensity_kind = levels.intensity_kind and windows.done_before >= levels.after
    group by all
),

with_shares as (
    select
        athlete_id,
        activity_id,
        duration_s,
        after,
        case when intensity_kind = 'power' then 'kJ' else 's' end as after_unit,
        value,
        -- the best of all is that of `after` 0, from which every window may begin
        value / nullif(max(value) over (partition by athlete_id, activity_id, duration_s), 0) * 100
            as share_of_best_pct
    from best_windows
)

select * from with_shares

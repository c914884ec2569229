{{ config(materialized='by_activity') }}
-- depends_on: {{ ref('int_stream_changes') }}
{%- set durations_s = [5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600] %}

with power_seconds as (
    select * from {{ ref('int_power_seconds') }}
),

-- consecutive seconds only: a pause ends the run
windows as (
    select
        athlete_id,
        activity_id,
        second_of_run,
        {% for duration_s in durations_s -%}
        energy_j - coalesce(lag(energy_j, {{ duration_s }}) over in_run, 0) as energy_{{ duration_s }}s_j
        {{- ',' if not loop.last }}
        {% endfor %}
    from power_seconds
    window in_run as (partition by athlete_id, activity_id, run_index order by second_s)
),

best_windows as (
    {% for duration_s in durations_s -%}
    select
        athlete_id,
        activity_id,
        {{ duration_s }} as duration_s,
        max(energy_{{ duration_s }}s_j)::double / {{ duration_s }} as average_power_w
    from windows
    where second_of_run >= {{ duration_s }}
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from best_windows

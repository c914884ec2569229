{% macro week_start_date(date) %}
    {#- First day of the week of a local date, by `[marts] week_start`. -#}
    {%- if var('week_start') == 'sunday' -%}
        (date_trunc('week', {{ date }} + 1) - interval 1 day)::date
    {%- else -%}
        date_trunc('week', {{ date }})::date
    {%- endif -%}
{% endmacro %}


{% macro calendar(first_day, last_day, step='1 day') %}
    {#- One row per day (or week, or month) from the first to the last, both included. -#}
    unnest(generate_series({{ first_day }}, {{ last_day }}, interval '{{ step }}'))::date
{%- endmacro %}


{% macro volume_by(period, current_period, step) %}
    {#- Sums of the CTE `activities` for each period and sport type, from the sport's first period to the current
        one of the CTE `athletes`; zeros where there is none. -#}
    select
        periods.athlete_id,
        periods.{{ period }},
        periods.sport_type,
        count(activities.activity_date) as activity_count,
        count(distinct activities.activity_date) as active_day_count,
        {% for measure, type in {
            'distance_m': 'double', 'moving_time_s': 'bigint', 'elapsed_time_s': 'bigint', 'elevation_gain_m': 'double'
        }.items() -%}
        coalesce(sum(activities.{{ measure }}), 0)::{{ type }} as {{ measure }},
        {% endfor -%}
        coalesce(max(activities.distance_m), 0)::double as longest_distance_m,
        coalesce(max(activities.moving_time_s), 0)::bigint as longest_moving_time_s
    from (
        select
            firsts.athlete_id,
            firsts.sport_type,
            {{ calendar('firsts.first_period', current_period, step) }} as {{ period }}
        from (
            select athlete_id, sport_type, min({{ period }}) as first_period
            from activities
            group by all
        ) as firsts
        inner join athletes using (athlete_id)
    ) as periods
    left join activities using (athlete_id, sport_type, {{ period }})
    group by all
{% endmacro %}

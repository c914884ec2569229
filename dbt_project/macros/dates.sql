{% macro week_start_date(date) %}
    {#- First day of the week of a local date, by `[marts] week_start`. -#}
    {%- if var('week_start') == 'sunday' -%}
        (date_trunc('week', {{ date }} + 1) - interval 1 day)::date
    {%- else -%}
        date_trunc('week', {{ date }})::date
    {%- endif -%}
{% endmacro %}


{% macro calendar(first_day, last_day, step_days=1) %}
    {#- One row per day (or week) from the first to the last, both included. -#}
    unnest(generate_series({{ first_day }}, {{ last_day }}, interval {{ step_days }} day))::date
{%- endmacro %}


{% macro volume_by(period, activities, periods) %}
    {#- Sums of the activities of each period and sport type of a CTE `periods`; zeros where there is none. -#}
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
    from {{ periods }} as periods
    left join {{ activities }} as activities using (athlete_id, sport_type, {{ period }})
    group by all
{% endmacro %}

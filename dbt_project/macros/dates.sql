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

{% macro today() %}
    {#- The current UTC date, or the latest local activity date if that is later. -#}
    {%- if var('today', none) -%}
        date '{{ var("today") }}'
    {%- else -%}
        greatest(
            (now() at time zone 'UTC')::date,
            (select max(activity_date) from {{ ref('stg_strava__activities') }})
        )
    {%- endif -%}
{% endmacro %}


{% macro week_start_date(date) %}
    {#- First day of the week of a local date, by `[marts] week_start`. -#}
    {%- if var('week_start') == 'sunday' -%}
        (date_trunc('week', {{ date }} + 1) - interval 1 day)::date
    {%- else -%}
        date_trunc('week', {{ date }})::date
    {%- endif -%}
{% endmacro %}


{% macro calendar(first_day, last_day) %}
    {#- One row per day from the first to the last, both included. -#}
    unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day))::date
{%- endmacro %}

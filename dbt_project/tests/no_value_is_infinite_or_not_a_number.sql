-- Division by zero is infinity in DuckDB, not an error. tests/test_dbt_project.py checks that no mart is missing.
{% set marts = [
    'activities', 'weekly_volume', 'weekly_pace', 'daily_training_load', 'gear', 'year_to_date',
    'splits', 'best_efforts', 'power_curve', 'race_predictions', 'critical_speed', 'critical_power',
    'agreement', 'athlete_settings', 'zones', 'monthly_volume', 'climbs', 'intervals', 'durability',
] -%}
{%- for mart in marts %}
{%- set columns = adapter.get_columns_in_relation(ref(mart)) if execute else [] %}
select '{{ mart }}' as mart, count(*) as wrong_rows
from {{ ref(mart) }}
where
    {%- for column in columns if column.dtype | lower == 'double' %}
    not isfinite({{ column.name }}) or
    {%- endfor %}
    false
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}

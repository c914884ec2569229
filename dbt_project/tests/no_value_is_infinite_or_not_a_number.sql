-- Division by zero is infinity in DuckDB, not an error.
{% set marts = [
    ref('activities'), ref('weekly_volume'), ref('weekly_pace'), ref('daily_training_load'),
    ref('gear'), ref('year_to_date'), ref('splits'), ref('best_efforts'), ref('power_curve'),
    ref('race_predictions'),
] -%}

{%- for mart in marts %}
select '{{ mart.identifier }}' as mart, count(*) as wrong_rows
from {{ mart }}
where
    {%- for column in adapter.get_columns_in_relation(mart) if column.dtype == 'DOUBLE' %}
    not isfinite({{ column.name }}) or
    {%- endfor %}
    false
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}

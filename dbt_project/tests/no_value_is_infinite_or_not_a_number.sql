-- Division by zero is infinity in DuckDB, not an error.
{% set marts = [
    'activities', 'weekly_volume', 'weekly_pace', 'daily_training_load', 'gear', 'year_to_date',
    'splits', 'best_efforts', 'power_curve', 'race_predictions',
] -%}
{#- A test waits for what it names by ref(), and that is read before dbt knows all models: the list
    stands above, and a mart that is missing there is an error. -#}
{%- for node in graph.nodes.values() if execute and node.config.schema == 'marts' %}
    {%- if node.name not in marts and 'double' in node.columns.values() | map(attribute='data_type') %}
        {{- exceptions.raise_compiler_error(node.name ~ ' has doubles: add it to the marts in this test') }}
    {%- endif %}
{%- endfor %}

{%- for mart in marts %}
{%- set columns = graph.nodes['model.strava_marts.' ~ mart].columns.values() if execute else [] %}
select '{{ mart }}' as mart, count(*) as wrong_rows
from {{ ref(mart) }}
where
    {%- for column in columns if column.data_type == 'double' %}
    not isfinite({{ column.name }}) or
    {%- endfor %}
    false
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}

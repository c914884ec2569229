{% macro generate_schema_name(custom_schema_name, node) %}
    {#- Schemas are called as in the project, without dbt's target prefix. -#}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}



{% macro generate_schema_name(custom_schema_name, node) %}
    {#- Schemas are called as in the project, without dbt's target prefix. A model of the user's own lies
        beside the marts, whatever it says: one in strava_raw would replace what was loaded. -#}
    {{ 'marts' if node.package_name != project_name else custom_schema_name or target.schema }}
{%- endmacro %}



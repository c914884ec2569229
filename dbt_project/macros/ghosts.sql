{% macro drop_what_no_model_makes(results) %}
    {#- After a build that went well: tables and views of models that are gone, ours or the user's own. -#}
    {%- if execute and flags.WHICH == 'build' and results | rejectattr('status', 'in', ['success', 'pass', 'warn']) | list == [] -%}
        {%- set made = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') -%}
            {%- do made.append(node.schema ~ '.' ~ (node.alias | lower)) -%}
        {%- endfor -%}
        {%- set found = run_query(
            "select schema_name, table_name, 'table' as kind from duckdb_tables() where database_name = current_database()"
            ~ " union all select schema_name, view_name, 'view' from duckdb_views()"
            ~ " where database_name = current_database() and not internal"
        ) -%}
        {%- for row in found.rows
            if row[0] in ('staging', 'intermediate', 'marts')
            and row[0] ~ '.' ~ (row[1] | lower) not in made and row[1] != 'formulas_versions' -%}
            {%- do run_query('drop ' ~ row[2] ~ ' ' ~ adapter.quote(row[0]) ~ '.' ~ adapter.quote(row[1])) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

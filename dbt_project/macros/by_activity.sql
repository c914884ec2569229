{#
    Materialization of the models that read samples: a table that is brought up to date activity by
    activity. Rows of activities that are new, changed or gone (int_stream_changes) are deleted and
    those of the new and changed ones computed again, so that one new activity never costs the whole
    history, and the result is that of a full refresh. With nothing new the model's query is not run.

    dbt's own `incremental` would need a hook for activities that vanish or come back without rows,
    and builds the first time in one query: activities are taken in batches here, so that memory does
    not grow with the history. A model names its activities through int_samples, which reads the
    variable `stream_activities`.
#}

{% materialization by_activity, adapter='duckdb' %}
    {%- set samples_per_batch = 1000000 -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {#- dbt refuses this in a model whose own text does not name it by ref(), and what a model names
        it builds before the model. -#}
    {%- set changes = ref('int_stream_changes') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {# DuckDB joins `asof` row by row where it expects few rows, and it expects too few here (100x). #}
    {% call statement('begin', auto_begin=True) %}
        set asof_loop_join_threshold = 0;
        set variable stream_activities = []::bigint[];
    {% endcall %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {# When every activity is to be computed the table is made anew: its columns may have changed. #}
    {%- set unchanged = run_query(
        'select count(*) from ' ~ changes ~ ' where not is_changed'
    ).columns[0].values()[0] | int -%}
    {%- set is_from_scratch = existing_relation is none or should_full_refresh() or unchanged == 0 -%}

    {%- if is_from_scratch -%}
        {%- if existing_relation is not none -%}
            {%- do adapter.drop_relation(existing_relation) -%}
        {%- endif -%}
        {% call statement('main') %}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {% endcall %}
    {%- else -%}
        {% call statement('main') %}
            delete from {{ target_relation }}
            where (athlete_id, activity_id) not in (
                select (athlete_id, activity_id) from {{ changes }} where not is_changed
            )
        {% endcall %}
    {%- endif -%}

    {%- set batches -%}
        select
            activity_id,
            (sum(sample_count) over (order by athlete_id, activity_id) // {{ samples_per_batch }}) as batch
        from {{ changes }}
        where is_changed or {{ is_from_scratch }}
    {%- endset -%}
    {%- set numbers = run_query('select distinct batch from (' ~ batches ~ ') order by batch') -%}
    {%- for number in numbers.columns[0].values() -%}
        {% do run_query(
            'set variable stream_activities = (select list(activity_id) from ('
            ~ batches ~ ') where batch = ' ~ number ~ ')'
        ) %}
        {% call statement('batch') %}
            insert into {{ target_relation }} by name (
                {{ compiled_code }}
            )
        {% endcall %}
    {%- endfor -%}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro stream_formulas_version() %}
    {# Hash of the models by activity, of all that they are built from, and of the macros in them:
       another text computes every activity anew. #}
    {%- set texts = [] -%}
    {%- if execute -%}
        {%- set found = [] -%}
        {%- for node in graph.nodes.values() if node.config.materialized == 'by_activity' -%}
            {%- do found.append(node.unique_id) -%}
        {%- endfor -%}
        {#- The list grows while it is walked. -#}
        {%- for unique_id in found -%}
            {%- for parent in graph.nodes[unique_id].depends_on.nodes -%}
                {%- if parent in graph.nodes and parent not in found -%}
                    {%- do found.append(parent) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for unique_id in found | sort -%}
            {%- do texts.append(graph.nodes[unique_id].raw_code) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(local_md5(texts | join('\n') ~ grade_factor('i') ~ intervals('s', 'n'))) -}}
{% endmacro %}

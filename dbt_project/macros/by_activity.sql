{#
    Materialization of the models that read samples: a table that is brought up to date activity by
    activity. Rows of activities that are new, changed or gone (int_stream_changes) are deleted and
    those of the new and changed ones computed again, so that one new activity never costs the whole
    history, and the result is that of a full refresh. With nothing new the model's query is not run.
    A model whose own formulas have changed (`formulas_version`) computes every activity anew, and
    only it and what is built from it.

    dbt's own `incremental` would need a hook for activities that vanish or come back without rows,
    and builds the first time in one query: activities are taken in batches here, so that memory does
    not grow with the history. A model names its activities through the variable `stream_activities`,
    which int_samples reads.
#}

{% materialization by_activity, adapter='duckdb' %}
    {%- set samples_per_batch = 1000000 -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {#- dbt refuses this in a model whose own text does not name it by ref(), and what a model names
        it builds before the model. -#}
    {%- set changes = ref('int_stream_changes') -%}
    {%- set versions = changes.schema ~ '.formulas_versions' -%}
    {%- set version = formulas_version(model.unique_id) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {# DuckDB joins `asof` row by row where it expects few rows, and it expects too few here (100x). #}
    {% call statement('begin', auto_begin=True) %}
        set asof_loop_join_threshold = 0;
        set variable stream_activities = []::bigint[];
        create table if not exists {{ versions }} (model_name varchar primary key, version varchar);
    {% endcall %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {# When every activity is to be computed the table is made anew: its columns may have changed. #}
    {%- set unchanged = run_query(
        'select count(*) from ' ~ changes ~ ' where not is_changed'
    ).columns[0].values()[0] | int -%}
    {%- set same_formulas = run_query(
        'select count(*) from ' ~ versions
        ~ " where model_name = '" ~ model.name ~ "' and version = '" ~ version ~ "'"
    ).columns[0].values()[0] | int -%}
    {%- set is_from_scratch =
        existing_relation is none or should_full_refresh() or unchanged == 0 or same_formulas == 0 -%}

    {%- if is_from_scratch -%}
        {%- if existing_relation is not none -%}
            {%- do adapter.drop_relation(existing_relation) -%}
        {%- endif -%}
        {% call statement('main') %}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {% endcall %}
        {% do run_query(
            'insert or replace into ' ~ versions ~ " values ('" ~ model.name ~ "', '" ~ version ~ "')"
        ) %}
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


{% macro formulas_version(unique_id) %}
    {# Hash of a model, of all models and seeds that it is built from, and of the macros in them, with
       the settings that these read. #}
    {%- set texts = [] -%}
    {%- if execute -%}
        {%- set found = [unique_id] -%}
        {#- The list grows while it is walked. -#}
        {%- for name in found -%}
            {%- for parent in graph.nodes[name].depends_on.nodes -%}
                {%- if parent in graph.nodes and parent not in found -%}
                    {%- do found.append(parent) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for name in found | sort -%}
            {%- set node = graph.nodes[name] -%}
            {%- do texts.append(node.checksum.checksum if node.resource_type == 'seed' else node.raw_code) -%}
        {%- endfor -%}
        {%- set expansions = {
            'intervals(': intervals('s', 'n'),
            'sums_over(': sums_over('s', 'k', 'v', ['v']),
            'by_sport_group(': by_sport_group({'g': 'v'}),
            'grade_factor(': grade_factor('g'),
            'squared_metres_off(': squared_metres_off('p', 'l'),
            'encoded_number(': encoded_number('n'),
        } -%}
        {%- for name, expansion in expansions.items() if name in texts | join -%}
            {%- do texts.append(expansion) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(local_md5(texts | join('\n'))) -}}
{% endmacro %}

{% macro setting(name, type, keys=none) %}
    {#- A key of [athlete] in config.toml as a literal, or the one of these `keys` (a block of its
        history); null when not configured. -#}
    {%- set value = var(name, none) if keys is none else keys.get(name) -%}
    {%- if value is none -%}
        null::{{ type }}
    {%- elif value is string or value is number -%}
        '{{ value | string | replace("'", "''") }}'::{{ type }}
    {%- else -%}
        [{{ value | join(', ') }}]::{{ type }}
    {%- endif -%}
{%- endmacro %}


{% macro trimp_per_minute(heartrate_bpm) %}
    {# Training impulse of one minute: r · a·e^(b·r), r the share of the heart-rate reserve within
       0-1; women a 0.86, b 1.67, everybody else a 0.64, b 1.92: Morton, Fitz-Clarke & Banister 1990,
       J Appl Physiol 69:1171-1177. Needs the columns of int_athlete_settings beside it. #}
    {%- set r -%}
        greatest(0, least(1,
            ({{ heartrate_bpm }} - resting_heartrate_bpm)
            / nullif(max_heartrate_bpm - resting_heartrate_bpm, 0)))
    {%- endset -%}
    case
        when coalesce(max_heartrate_bpm <= resting_heartrate_bpm, true) then null
        when sex = 'F' then {{ r }} * 0.86 * exp(1.67 * {{ r }})
        else {{ r }} * 0.64 * exp(1.92 * {{ r }})
    end
{%- endmacro %}


{% macro tell_that_settings_are_unknown() %}
    {#- dbt as it is typed in this folder, without our commands, which hand it config.toml. -#}
    {%- if execute and target.name == 'plain' and not invocation_args_dict.get('vars') -%}
        {%- do exceptions.warn(
            'dbt alone does not read config.toml, and builds with default settings: type make dbt ARGS="'
            ~ flags.WHICH ~ '" in the folder above, or add --vars "$(cat ../Playground/.dbt/variables.json)"'
        ) -%}
    {%- endif -%}
{% endmacro %}

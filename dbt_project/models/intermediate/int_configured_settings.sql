{%- set types = {
    'max_heartrate_bpm': 'double',
    'resting_heartrate_bpm': 'double',
    'threshold_heartrate_bpm': 'double',
    'ftp_w': 'double',
    'threshold_pace_s_per_km': 'double',
    'sex': 'varchar',
    'weight_kg': 'double',
    'duration_load_per_h': 'double',
    'heartrate_zones_bpm': 'double[]',
    'power_zones_pct': 'double[]',
} -%}

with athletes as (
    select * from {{ ref('int_athletes') }}
),

-- what [athlete] says, and each block of its history
blocks as (
    select
        date '1900-01-01' as valid_from
        {%- for name, type in types.items() %},
        {{ setting(name, type) }} as {{ name }}
        {%- endfor %}
    {%- for keys in var('athlete_history') %}
    union all
    select
        date '{{ keys['from'] }}' as valid_from
        {%- for name, type in types.items() %},
        {{ setting(name, type, keys) }} as {{ name }}
        {%- endfor %}
    {%- endfor %}
),

-- a key that a block does not name holds on from the one before
held as (
    select
        valid_from
        {%- for name in types %},
        last_value({{ name }} ignore nulls) over in_order as {{ name }}
        {%- endfor %}
    from blocks
    window in_order as (order by valid_from)
),

-- config.toml holds for every athlete
configured as (
    select
        athletes.athlete_id,
        held.* replace (
            -- an empty list takes back those of a block before
            nullif(heartrate_zones_bpm, []) as heartrate_zones_bpm,
            nullif(power_zones_pct, []) as power_zones_pct
        )
    from athletes
    cross join held
)

select * from configured

{#- What no body can have, and no device on Earth can see. -#}
{%- set plausible = {
    'heartrate_bpm': '30 and 230',
    'power_w': '0 and 2500',
    'cadence_rpm': '0 and 250',
    'gradient_pct': '-100 and 100',
    'altitude_m': '-500 and 9000',
    'distance_m': '-1e8 and 1e8',
    'speed_m_per_s': '-1e8 and 1e8',
} -%}
{%- set out_of_line_m = 100 -%}

with activities as (
    select * from {{ ref('int_batch_activities') }}
),

samples as (
    select * from {{ ref('stg_strava__samples') }}
),

plausible_samples as (
    select
        activities.athlete_id,
        activities.sport_group,
        activities.has_power_meter,
        activities.distance_m as activity_distance_m,
        samples.* replace (
            {%- for name, bounds in plausible.items() %}
            case when samples.{{ name }} between {{ bounds }} then samples.{{ name }} end as {{ name }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
    from samples
    -- raw samples say whose they are through their activity
    inner join activities using (activity_id)
),

-- neighbours are the samples before and after that have the value
with_neighbours as (
    select
        *,
        lag(time_s ignore nulls) over in_order as previous_s,
        lead(time_s ignore nulls) over in_order as next_s,
        lag(distance_m ignore nulls) over in_order as previous_m,
        lead(distance_m ignore nulls) over in_order as next_m
    from plausible_samples
    window in_order as (partition by athlete_id, activity_id order by sample_index)
),

-- one sample out of line: the ones around it agree with each other and not with it
in_line as (
    select
        * exclude (next_s, previous_m, next_m) replace (
            case
                when time_s > next_s and coalesce(next_s > previous_s, true) then null
                else time_s::bigint
            end as time_s,
            case
                when
                    distance_m > next_m + {{ out_of_line_m }}
                    and coalesce(next_m >= previous_m, true) then null
                when distance_m < previous_m - {{ out_of_line_m }} and next_m >= previous_m then null
                else distance_m
            end as distance_m,
            coalesce(is_moving, true) as is_moving
        )
    from with_neighbours
)

select * from in_line

{#
    What several models that read samples have in common. The sampling rules are said once: what a
    sample is worth in int_clean_samples, what an interval is in `intervals`.
#}

{% macro intervals(samples, needed) %}
    {#
        The samples of a CTE that have a time and `needed`, in order, each with the interval that it
        ends. Every other sample, and one whose time is not later than the last one kept, is as if
        never recorded. `is_counted` is false for the first sample (it ends no interval) and for
        pauses: longer than 10 s, unless at most 60 s in which distance grew by 0.5 m/s or more.
    #}
    {%- set longest_step_s = 10 -%}
    {%- set longest_moving_step_s = 60 -%}
    {%- set slowest_moving_mm_per_s = 500 %}
    select
        *,
        time_s - lag(time_s) over in_order as interval_s,
        distance_mm - lag(distance_mm) over in_order as interval_mm,
        coalesce(
            interval_s <= {{ longest_step_s }}
            or (
                interval_s <= {{ longest_moving_step_s }}
                and interval_mm >= {{ slowest_moving_mm_per_s }} * interval_s
            ),
            false
        ) as is_counted
    from (
        -- where every time is later than the one before, as almost everywhere, none is passed over
        select * from {{ samples }} where is_time_rising and time_s is not null and {{ needed }}
        union all
        select * from {{ samples }} where not is_time_rising and time_s is not null and {{ needed }}
        qualify
            time_s > coalesce(
                max(time_s) over (
                    partition by athlete_id, activity_id
                    order by sample_index
                    rows between unbounded preceding and 1 preceding
                ),
                time_s - 1
            )
    )
    window in_order as (partition by athlete_id, activity_id order by sample_index)
{% endmacro %}


{% macro sums_over(stretches, key, interval_values, kinds) %}
    {#
        What lies within each stretch of a CTE (athlete_id, activity_id, `key`, from_s, to_s): for each
        kind of a CTE of int_interval_values `<kind>_s`, the seconds that have the value, and
        `<kind>_sum`, value times seconds; null where there is none. An interval that crosses an end
        is shared out by its seconds. It finds the stretches that it may lie in by the minute that it
        ends in: comparing it with every stretch of its activity costs several times as much.
    #}
    {%- set longest_interval_s = 60 %}
    select
        athlete_id,
        activity_id,
        {{ key }},
        {% for kind in kinds -%}
        sum(share_s) filter (where value_kind = '{{ kind }}') as {{ kind }}_s,
        sum(value * share_s) filter (where value_kind = '{{ kind }}') as {{ kind }}_sum
        {{- ',' if not loop.last }}
        {% endfor %}
    from (
        select
            stretches.*,
            intervals.value_kind,
            intervals.value,
            least(intervals.time_s, stretches.to_s)
                - greatest(intervals.time_s - intervals.interval_s, stretches.from_s) as share_s
        from {{ interval_values }} as intervals
        inner join (
            select
                athlete_id,
                activity_id,
                {{ key }},
                from_s,
                to_s,
                unnest(range(
                    floor(from_s / {{ longest_interval_s }})::bigint,
                    floor(to_s / {{ longest_interval_s }})::bigint + 2
                )) as minute
            from {{ stretches }}
        ) as stretches
            on intervals.athlete_id = stretches.athlete_id
            and intervals.activity_id = stretches.activity_id
            and floor(intervals.time_s / {{ longest_interval_s }})::bigint = stretches.minute
            and intervals.time_s > stretches.from_s
            and intervals.time_s - intervals.interval_s < stretches.to_s
        where intervals.value_kind in ('{{ kinds | join("', '") }}')
    )
    group by all
{% endmacro %}


{% macro by_sport_group(values) %}
    {#- The value of a sample's sport group; null for a group that has none. -#}
    case sport_group
        {%- for sport_group, value in values.items() %}
        when '{{ sport_group }}' then {{ value }}
        {%- endfor %}
    end
{%- endmacro %}


{% macro grade_factor(slope) %}
    {# How much more a metre of a slope (rise/run, within ±0.45) costs than one on the flat, by
       `athlete.gap_model`. "heartrate": a parabola, easiest at -9 % (0.88) and as hard as the flat at
       -18 %, after Strava Engineering, An Improved GAP Model (Robb 2017). "energy": the energy cost
       of running over 3.6 J/kg/m, Minetti et al. 2002, J Appl Physiol 93:1039-1046, in Horner's form. #}
    {%- set i = 'greatest(-0.45, least(0.45, ' ~ slope ~ '))' -%}
    {%- if var('gap_model') == 'energy' -%}
    ((((((155.4 * {{ i }} - 30.4) * {{ i }} - 43.3) * {{ i }} + 46.3) * {{ i }} + 19.5) * {{ i }} + 3.6)
        / 3.6)::double
    {%- else -%}
    (0.88 + (100 * {{ i }} + 9) * (100 * {{ i }} + 9) / 675)::double
    {%- endif -%}
{%- endmacro %}

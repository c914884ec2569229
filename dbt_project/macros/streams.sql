{#
    What several models that read samples have in common. The sampling rules are said once, in
    `intervals`: not 1 Hz, with pauses, with nulls anywhere, with time that repeats or runs back.
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
        select *
        from {{ samples }}
        where time_s is not null and {{ needed }}
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


{% macro grade_factor(slope) %}
    {# Energy cost of running on a slope (rise/run, within ±0.45) over that on the flat, 3.6 J/kg/m:
       Minetti et al. 2002, J Appl Physiol 93:1039-1046. Horner's form of their polynomial. #}
    {%- set i = 'greatest(-0.45, least(0.45, ' ~ slope ~ '))' -%}
    ((((((155.4 * {{ i }} - 30.4) * {{ i }} - 43.3) * {{ i }} + 46.3) * {{ i }} + 19.5) * {{ i }} + 3.6)
        / 3.6)::double
{%- endmacro %}

{#- Each measure: what is computed here, and what Strava says. -#}
{%- set measures = {
    'weighted_power_w': ('normalized_power_w', 'weighted_power_w'),
    'average_power_w': ('average_stream_power_w', 'average_power_w'),
    'average_heartrate_bpm': ('average_stream_heartrate_bpm', 'average_heartrate_bpm'),
    'average_cadence': ('average_stream_cadence', 'average_cadence'),
    'distance_m': ('stream_distance_m', 'distance_m'),
    'elevation_gain_m': ('stream_elevation_gain_m', 'elevation_gain_m'),
    'moving_time_s': ('stream_moving_time_s', 'moving_time_s'),
    'relative_effort': ('training_load', 'relative_effort'),
} -%}

with summaries as (
    select * from {{ ref('stg_strava__activities') }}
),

stream_aggregates as (
    select * from {{ ref('int_stream_aggregates') }}
),

stream_metrics as (
    select * from {{ ref('int_activity_stream_metrics') }}
),

activities as (
    select * from {{ ref('activities') }}
),

side_by_side as (
    select
        summaries.*,
        stream_metrics.normalized_power_w,
        -- null where power does not count, which is then no figure to compare
        case
            when stream_metrics.power_coverage_pct is not null
                then stream_aggregates.average_stream_power_w
        end as average_stream_power_w,
        stream_aggregates.average_stream_heartrate_bpm,
        -- one leg's, as Strava's
        stream_metrics.average_cadence_spm / 2 as average_stream_cadence,
        stream_aggregates.stream_distance_m,
        stream_aggregates.stream_elevation_gain_m,
        stream_aggregates.stream_moving_time_s,
        activities.training_load
    from summaries
    inner join activities using (athlete_id, activity_id)
    left join stream_aggregates using (athlete_id, activity_id)
    left join stream_metrics using (athlete_id, activity_id)
),

measured as (
    {% for measure, (ours, stravas) in measures.items() -%}
    select
        athlete_id,
        activity_id,
        '{{ measure }}' as measure,
        {{ ours }}::double as ours,
        {{ stravas }}::double as stravas
    from side_by_side
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

compared as (
    select
        *,
        100 * (ours - stravas) / nullif(stravas, 0) as difference_pct
    from measured
    where ours is not null and stravas is not null
)

select * from compared

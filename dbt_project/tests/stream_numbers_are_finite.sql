-- Nothing computed from streams is infinite or NaN.
{%- set columns = {
    'splits': ['distance_m', 'elapsed_time_s', 'moving_time_s', 'pace_s_per_km',
        'elevation_change_m', 'average_heartrate_bpm'],
    'best_efforts': ['elapsed_time_s', 'start_time_s', 'pace_s_per_km'],
    'power_curve': ['average_power_w'],
    'race_predictions': ['predicted_time_s'],
    'int_activity_stream_metrics': ['gap_moving_time_s', 'gap_distance_m', 'gap_pace_s_per_km',
        'normalized_power_w', 'intensity_factor', 'training_stress_score', 'trimp',
        'efficiency_factor', 'decoupling_pct', 'average_cadence_spm', 'heartrate_load', 'pace_load'],
} %}

{% for model, names in columns.items() -%}
select '{{ model }}' as model
from {{ ref(model) }}
where {% for name in names %}not isfinite({{ name }}){{ ' or ' if not loop.last }}{% endfor %}
{{ 'union all' if not loop.last }}
{% endfor %}

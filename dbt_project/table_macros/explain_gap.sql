-- How `activities.gap_pace_s_per_km` of one activity comes about: rows from the model and the sums to the figure. Of the
-- parameter: explain_load.sql.
create macro explain_gap(activity_id) as table
with known as (
    select activities.activity_id as explained_id, activities.* exclude (activity_id)
    from activities
),

chosen as (
    select * from known
    where explained_id = activity_id
),

-- one row in any case, which says so where there is no such activity
with_reason as (
    select
        chosen.*,
        case
            when chosen.athlete_id is null then 'no activity has this id'
            when chosen.sport_group <> 'foot' then 'only sports on foot have it: this is ' || chosen.sport_type
            when not chosen.has_streams then 'no streams are loaded'
            when not chosen.is_distance_consistent
                then 'the distance of the stream is more than 5 % off the activity''s own'
            when chosen.gap_moving_time_s is null or chosen.gap_distance_m is null
                then 'no moving interval has time, distance and grade'
            when chosen.gap_pace_s_per_km is null then 'no distance was covered'
        end as reason
    from (select 1 as one) as always
    left join chosen on true
),

explained as (
    select
        case
            when reason is not null then [{
                'formula': 'gap_pace_s_per_km', 'input': 'none: ' || reason, 'value': null::double,
                'source': 'activities'
            }]
            else [
                {
                    'formula': case gap_model
                        when 'energy' then
                            'f = C(g / 100) / 3.6, C(i) = 155.4 i⁵ - 30.4 i⁴ - 43.3 i³ + 46.3 i² + 19.5 i + 3.6, '
                            || 'g the grade in per cent within ±45'
                        else 'f = 0.88 + (g + 9)² / 675, g the grade in per cent within ±45'
                    end,
                    'input': 'gap_model = ' || gap_model, 'value': null::double,
                    'source': case gap_model
                        when 'energy' then 'equal energy: Minetti et al. 2002, J Appl Physiol 93:1039-1046'
                        else 'equal heart rate: Strava Engineering, An Improved GAP Model (Robb 2017)'
                    end
                },
                {
                    'formula': 'gap_moving_time_s: seconds of the moving intervals that have time, distance and grade',
                    'input': null, 'value': gap_moving_time_s::double, 'source': 'activities.gap_moving_time_s'
                },
                {
                    'formula': 'gap_distance_m = Σ metres · f of the same intervals', 'input': null,
                    'value': gap_distance_m::double, 'source': 'activities.gap_distance_m'
                },
                {
                    'formula': 'gap_pace_s_per_km = 1000 · gap_moving_time_s / gap_distance_m',
                    'input': format('1000 · {:.8g} / {:.8g}', gap_moving_time_s::double, gap_distance_m::double),
                    'value': (1000 * gap_moving_time_s / nullif(gap_distance_m, 0))::double, 'source': 'arithmetic'
                }
            ]
        end as steps
    from with_reason
),

numbered as (
    select generate_subscripts(steps, 1) as step, unnest(steps) as explanation
    from explained
)

select
    step,
    explanation.formula as formula,
    explanation.input as input,
    explanation.value as value,
    explanation.source as source
from numbered
order by step

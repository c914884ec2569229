-- How the grade-adjusted pace of one activity comes about: rows from the model and the sums to the
-- figure in `activities`. Why its parameter meets no column of that name: explain_load.sql.
create macro explain_gap(activity_id) as table
with known as (
    select activities.activity_id as explained_id, activities.* exclude (activity_id)
    from activities
),

found as (
    select * from known
    where explained_id = activity_id
),

-- one row in any case: where there is no such activity that is to be said
chosen as (
    select found.*
    from (select 1 as always)
    left join found on true
),

with_reason as (
    select
        *,
        case
            when explained_id is null then 'no activity has this id'
            when sport_group <> 'foot' then 'only sports on foot have it, this is ' || sport_type
            when not has_streams then 'no streams are loaded'
            when not is_distance_consistent
                then 'the distance of the stream is over 5 % off the activity''s own'
            when gap_moving_time_s is null or gap_distance_m is null
                then 'no moving interval has time, distance and grade'
            when gap_pace_s_per_km is null then 'no time or no distance is left'
        end as reason
    from chosen
),

pace_steps as (
    select steps.*
    from with_reason, (values
        (
            1,
            case gap_model
                when 'energy' then
                    'f = C(g / 100) / 3.6, C(i) = 155.4 i⁵ - 30.4 i⁴ - 43.3 i³ + 46.3 i² + 19.5 i'
                    || ' + 3.6, g the grade in per cent within ±45'
                else 'f = 0.88 + (g + 9)² / 675, g the grade in per cent within ±45'
            end,
            'gap_model = ' || gap_model,
            null::double,
            case gap_model
                when 'energy'
                    then 'equal energy: Minetti et al. 2002, J Appl Physiol 93:1039-1046'
                else 'equal heart rate: Strava Engineering, An Improved GAP Model (Robb 2017)'
            end
        ),
        (
            2, 'gap_moving_time_s: seconds of the moving intervals that have distance and grade',
            null, gap_moving_time_s::double, 'activities.gap_moving_time_s'
        ),
        (
            3, 'gap_distance_m = Σ metres · f of the same intervals', null,
            gap_distance_m::double, 'activities.gap_distance_m'
        ),
        (
            4, 'gap_pace_s_per_km = 1000 · gap_moving_time_s / gap_distance_m',
            format('1000 · {:.8g} / {:.8g}', gap_moving_time_s::double, gap_distance_m::double),
            1000 * gap_moving_time_s / nullif(gap_distance_m, 0)::double, 'arithmetic'
        )
    ) as steps (position, formula, input, value, source)
    where reason is null
),

without_pace as (
    select
        1 as position,
        'gap_pace_s_per_km' as formula,
        'none: ' || reason as input,
        null::double as value,
        'activities' as source
    from with_reason
    where reason is not null
),

steps as (
    select * from pace_steps
    union all
    select * from without_pace
)

select row_number() over (order by position) as step, formula, input, value, source
from steps
order by step

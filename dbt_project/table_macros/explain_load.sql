-- How `activities.training_load` of one activity comes about: rows from the settings and sums to the figure.
-- DuckDB puts what the macro is called with in the place of the parameter's name, as text: where that stands no column
-- may have the same name, so that `from activities, explain_load(activity_id)` means the activity_id of the caller. DuckDB
-- 1.1 takes the parameter by its place alone (with a default it would take it by its name alone).
create macro explain_load(activity_id) as table
with known as (
    select activities.activity_id as explained_id, activities.* exclude (activity_id)
    from activities
),

chosen as (
    select * from known
    where explained_id = activity_id
),

-- one row in any case, which says so where there is no such activity
with_settings as (
    select
        chosen.*,
        settings.ftp_w,
        settings.ftp_w_source,
        settings.threshold_pace_s_per_km,
        settings.threshold_pace_s_per_km_source,
        settings.max_heartrate_bpm as max_setting_bpm,
        settings.max_heartrate_bpm_source,
        settings.resting_heartrate_bpm,
        settings.resting_heartrate_bpm_source,
        settings.threshold_heartrate_bpm,
        settings.threshold_heartrate_bpm_source,
        settings.sex,
        settings.sex_source,
        settings.duration_load_per_h,
        case
            when settings.valid_from > date '1900-01-01' then ', since ' || settings.valid_from
            else ''
        end as since
    from (select 1 as one) as always
    left join chosen on true
    left join athlete_settings as settings
        on chosen.athlete_id = settings.athlete_id
        and chosen.activity_date >= settings.valid_from
        and (settings.valid_to is null or chosen.activity_date <= settings.valid_to)
),

with_factors as (
    select
        *,
        sport_type in ('Run', 'TrailRun', 'VirtualRun') as has_pace_load,
        case when sport_type in ('Walk', 'Hike', 'Snowshoe') then 0.5 else 1 end as duration_share,
        case when sex = 'F' then 0.86 else 0.64 end as trimp_a,
        case when sex = 'F' then 1.67 else 1.92 end as trimp_b,
        greatest(0, least(1,
            (threshold_heartrate_bpm - resting_heartrate_bpm)
            / nullif(max_setting_bpm - resting_heartrate_bpm, 0)
        )) as threshold_share
    from with_settings
),

with_formulas as (
    select
        *,
        normalized_power_w / nullif(ftp_w, 0) as computed_intensity_factor,
        1000 * gap_moving_time_s / nullif(gap_distance_m, 0) as computed_gap_pace,
        60 * threshold_share * trimp_a * exp(trimp_b * threshold_share) as threshold_hour_trimp
    from with_factors
),

-- why the sources before the one that was taken have no load
passed_over as (
    select
        *,
        case
            when athlete_id is null or sport_group <> 'ride' or training_load_source = 'power' then null
            when power_coverage_pct is null then 'no power meter, or it measured nothing'
            when power_coverage_pct < 75
                then format('power in {:.3g} % of the seconds, which is less than 75 %', power_coverage_pct)
            when normalized_power_w is null then 'no 30 seconds of power without a pause'
            when ftp_w is null then 'no FTP is known for that day'
        end as no_power,
        case
            when athlete_id is null or not has_pace_load or training_load_source in ('power', 'pace') then null
            when threshold_pace_s_per_km is null then 'no threshold pace in config.toml for that day'
            when gap_pace_s_per_km is null
                then format('no grade-adjusted pace: from explain_gap({}) says why', explained_id)
        end as no_pace,
        case
            when athlete_id is null or training_load_source in ('power', 'pace', 'heartrate') then null
            when heartrate_coverage_pct is null then 'no heart rate was measured'
            when heartrate_coverage_pct < 75
                then format(
                    'heart rate in {:.3g} % of the seconds, which is less than 75 %', heartrate_coverage_pct
                )
            else 'no maximum heart rate is known, or maximum or threshold is not above rest'
        end as no_heartrate
    from with_formulas
),

explained as (
    select
        [
            {'formula': 'power', 'input': no_power, 'value': null::double, 'source': 'passed over'},
            {'formula': 'pace', 'input': no_pace, 'value': null::double, 'source': 'passed over'},
            {'formula': 'heartrate', 'input': no_heartrate, 'value': null::double, 'source': 'passed over'}
        ] as reasons,
        case
            when athlete_id is null then [{
                'formula': 'training_load', 'input': 'no activity has this id', 'value': null::double,
                'source': 'activities.activity_id'
            }]
            when training_load_source = 'power' then [
                {
                    'formula': 'ftp_w', 'input': null, 'value': ftp_w::double,
                    'source': 'athlete_settings: ' || coalesce(ftp_w_source, '') || since
                },
                {
                    'formula': 'power_time_s: seconds at 1 Hz that have power, without pauses', 'input': null,
                    'value': power_time_s::double, 'source': 'activities.power_time_s'
                },
                {
                    'formula': 'normalized_power_w: 4th root of the mean 4th power of the 30-second mean',
                    'input': null, 'value': normalized_power_w::double, 'source': 'activities.normalized_power_w'
                },
                {
                    'formula': 'intensity_factor = normalized_power_w / ftp_w',
                    'input': format('{:.8g} / {:.8g}', normalized_power_w::double, ftp_w::double),
                    'value': computed_intensity_factor::double, 'source': 'Allen & Coggan'
                },
                {
                    'formula': 'training_load = 100 · power_time_s · normalized_power_w · intensity_factor / (ftp_w · 3600)',
                    'input': format(
                        '100 · {:.8g} · {:.8g} · {:.8g} / ({:.8g} · 3600)', power_time_s::double,
                        normalized_power_w::double, computed_intensity_factor::double, ftp_w::double
                    ),
                    'value': (
                        100 * power_time_s * normalized_power_w * computed_intensity_factor / nullif(ftp_w * 3600, 0)
                    )::double,
                    'source': 'TSS, Allen & Coggan'
                }
            ]
            when training_load_source = 'pace' then [
                {
                    'formula': 'threshold_pace_s_per_km', 'input': null, 'value': threshold_pace_s_per_km::double,
                    'source': 'athlete_settings: ' || coalesce(threshold_pace_s_per_km_source, '') || since
                },
                {
                    'formula': 'gap_moving_time_s: seconds of the moving intervals that have distance and grade',
                    'input': null, 'value': gap_moving_time_s::double, 'source': 'activities.gap_moving_time_s'
                },
                {
                    'formula': 'gap_distance_m: grade-adjusted metres of the same intervals', 'input': null,
                    'value': gap_distance_m::double, 'source': 'activities.gap_distance_m'
                },
                {
                    'formula': 'gap_pace_s_per_km = 1000 · gap_moving_time_s / gap_distance_m',
                    'input': format('1000 · {:.8g} / {:.8g}', gap_moving_time_s::double, gap_distance_m::double),
                    'value': computed_gap_pace::double, 'source': 'explain_gap(activity_id)'
                },
                {
                    'formula': 'training_load = 100 · gap_moving_time_s / 3600 · (threshold_pace_s_per_km / gap_pace_s_per_km)²',
                    'input': format(
                        '100 · {:.8g} / 3600 · ({:.8g} / {:.8g})²', gap_moving_time_s::double,
                        threshold_pace_s_per_km::double, computed_gap_pace::double
                    ),
                    'value': (
                        100 * gap_moving_time_s / 3600
                        * pow(threshold_pace_s_per_km / nullif(computed_gap_pace, 0), 2)
                    )::double,
                    'source': 'rTSS'
                }
            ]
            when training_load_source = 'heartrate' then [
                {
                    'formula': 'max_heartrate_bpm', 'input': null, 'value': max_setting_bpm::double,
                    'source': 'athlete_settings: ' || coalesce(max_heartrate_bpm_source, '') || since
                },
                {
                    'formula': 'resting_heartrate_bpm', 'input': null, 'value': resting_heartrate_bpm::double,
                    'source': 'athlete_settings: ' || coalesce(resting_heartrate_bpm_source, '') || since
                },
                {
                    'formula': 'threshold_heartrate_bpm', 'input': null, 'value': threshold_heartrate_bpm::double,
                    'source': 'athlete_settings: ' || coalesce(threshold_heartrate_bpm_source, '') || since
                },
                {
                    'formula': 'a, b = 0.86, 1.67 (women), 0.64, 1.92 (men, and where nobody says)',
                    'input': coalesce(sex, 'sex unknown'), 'value': null,
                    'source': 'athlete_settings: ' || coalesce(sex_source, 'none') || since
                },
                {
                    'formula': 'trimp = Σ minutes · r · a·e^(b·r), r = (heart rate - resting) / (max - resting) within 0-1',
                    'input': null, 'value': trimp::double, 'source': 'activities.trimp'
                },
                {
                    'formula': 'r of the threshold = (threshold - resting) / (max - resting) within 0-1',
                    'input': format(
                        '({:.8g} - {:.8g}) / ({:.8g} - {:.8g})', threshold_heartrate_bpm::double,
                        resting_heartrate_bpm::double, max_setting_bpm::double, resting_heartrate_bpm::double
                    ),
                    'value': threshold_share::double, 'source': 'Morton, Fitz-Clarke & Banister 1990'
                },
                {
                    'formula': 'trimp of one hour at the threshold = 60 · r · a·e^(b·r)',
                    'input': format(
                        '60 · {:.8g} · {:.8g} · e^({:.8g} · {:.8g})', threshold_share::double, trimp_a::double,
                        trimp_b::double, threshold_share::double
                    ),
                    'value': threshold_hour_trimp::double, 'source': 'Morton, Fitz-Clarke & Banister 1990'
                },
                {
                    'formula': 'training_load = 100 · trimp / trimp of one hour at the threshold',
                    'input': format('100 · {:.8g} / {:.8g}', trimp::double, threshold_hour_trimp::double),
                    'value': (100 * trimp / nullif(threshold_hour_trimp, 0))::double, 'source': 'heart-rate load'
                }
            ]
            when training_load_source = 'duration' then [
                {
                    'formula': 'duration_load_per_h', 'input': null, 'value': duration_load_per_h::double,
                    'source': 'config.toml, 50 where it says nothing'
                },
                {
                    'formula': 'share: 0.5 for Walk, Hike and Snowshoe, else 1', 'input': sport_type,
                    'value': duration_share::double, 'source': 'activities.sport_type'
                },
                {
                    'formula': 'moving_time_s', 'input': null, 'value': moving_time_s::double,
                    'source': 'activities.moving_time_s'
                },
                {
                    'formula': 'training_load = duration_load_per_h · share · moving_time_s / 3600',
                    'input': format(
                        '{:.8g} · {:.8g} · {:.8g} / 3600', duration_load_per_h::double, duration_share::double,
                        moving_time_s::double
                    ),
                    'value': (duration_load_per_h * duration_share * moving_time_s / 3600)::double,
                    'source': 'nothing better is known'
                }
            ]
            else [{
                'formula': 'training_load', 'input': 'none: the activity has no moving time either',
                'value': null::double, 'source': 'activities.moving_time_s'
            }]
        end as steps
    from passed_over
),

positioned as (
    select
        generate_subscripts(list_concat(reasons, steps), 1) as position,
        unnest(list_concat(reasons, steps)) as explanation
    from explained
),

shown as (
    select * from positioned
    where explanation.input is not null or explanation.source <> 'passed over'
)

select
    row_number() over (order by position) as step,
    explanation.formula as formula,
    explanation.input as input,
    explanation.value as value,
    explanation.source as source
from shown
order by step

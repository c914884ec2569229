-- How the training load of one activity comes about: rows from the settings and sums to the figure
-- in `activities`. DuckDB puts what a macro is called with in the place of the parameter's name, as
-- text: where that stands no column may have the same name, so that `from activities,
-- explain_load(activity_id)` means the caller's. DuckDB 1.1 takes the parameter by place alone.
create macro explain_load(activity_id) as table
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

with_settings as (
    select
        chosen.*,
        settings.ftp_w,
        settings.ftp_w_source,
        settings.threshold_pace_s_per_km,
        settings.threshold_pace_s_per_km_source,
        settings.max_heartrate_bpm as max_bpm,
        settings.max_heartrate_bpm_source,
        settings.resting_heartrate_bpm as resting_bpm,
        settings.resting_heartrate_bpm_source,
        settings.threshold_heartrate_bpm as threshold_bpm,
        settings.threshold_heartrate_bpm_source,
        settings.sex,
        settings.sex_source,
        settings.duration_load_per_h,
        case
            when settings.valid_from > date '1900-01-01' then ', since ' || settings.valid_from
            else ''
        end as since
    from chosen
    left join athlete_settings as settings
        on chosen.athlete_id = settings.athlete_id
        and chosen.activity_date >= settings.valid_from
        and (settings.valid_to is null or chosen.activity_date <= settings.valid_to)
),

with_factors as (
    select
        *,
        normalized_power_w / nullif(ftp_w, 0) as np_per_ftp,
        1000 * gap_moving_time_s / nullif(gap_distance_m, 0) as gap_pace,
        greatest(0, least(1,
            (threshold_bpm - resting_bpm) / nullif(max_bpm - resting_bpm, 0)
        )) as threshold_share,
        case when sex = 'F' then 0.86 else 0.64 end as trimp_a,
        case when sex = 'F' then 1.67 else 1.92 end as trimp_b,
        case when sport_type in ('Walk', 'Hike', 'Snowshoe') then 0.5 else 1 end as duration_share
    from with_settings
),

with_hour as (
    select
        *,
        60 * threshold_share * trimp_a * exp(trimp_b * threshold_share) as threshold_hour_trimp
    from with_factors
),

-- why the sources before the one that was taken have no load
passed_over as (
    select
        *,
        case
            when explained_id is null or sport_group <> 'ride' then null
            when power_coverage_pct is null then 'no power meter, or it measured nothing'
            when power_coverage_pct < 75
                then format('{:.3g} % of the seconds have power, 75 % are needed', power_coverage_pct)
            when normalized_power_w is null then 'no 30 seconds of power without a pause'
            when ftp_w is null then 'no FTP is known for that day'
        end as no_power,
        case
            when explained_id is null or sport_type not in ('Run', 'TrailRun', 'VirtualRun') then null
            when threshold_pace_s_per_km is null then 'config.toml has no threshold pace for that day'
            when gap_pace is null
                then format('no grade-adjusted pace: explain_gap({}) says why', explained_id)
        end as no_pace,
        case
            when explained_id is null then null
            when training_load_source in ('power', 'pace', 'heartrate') then null
            when heartrate_coverage_pct is null then 'no heart rate was measured'
            when heartrate_coverage_pct < 75 then format(
                '{:.3g} % of the seconds have heart rate, 75 % are needed', heartrate_coverage_pct
            )
            else 'no maximum heart rate is known, or maximum or threshold is not above rest'
        end as no_heartrate
    from with_hour
),

reasons as (
    select steps.*
    from passed_over, (values
        (1, 'power', no_power, null::double, 'passed over'),
        (2, 'pace', no_pace, null, 'passed over'),
        (3, 'heartrate', no_heartrate, null, 'passed over')
    ) as steps (position, formula, input, value, source)
    where steps.input is not null
),

power_steps as (
    select steps.*
    from passed_over, (values
        (11, 'ftp_w', null, ftp_w::double, 'athlete_settings: ' || ftp_w_source || since),
        (
            12, 'power_time_s: seconds of the 1 Hz expansion that have power', null,
            power_time_s::double, 'activities.power_time_s'
        ),
        (
            13, 'normalized_power_w: 4th root of the mean 4th power of the 30-second mean', null,
            normalized_power_w::double, 'activities.normalized_power_w'
        ),
        (
            14, 'intensity_factor = normalized_power_w / ftp_w',
            format('{:.8g} / {:.8g}', normalized_power_w::double, ftp_w::double),
            np_per_ftp::double, 'Allen & Coggan'
        ),
        (
            15,
            'training_load = 100 · power_time_s · normalized_power_w · intensity_factor'
                || ' / (ftp_w · 3600)',
            format(
                '100 · {:.8g} · {:.8g} · {:.8g} / ({:.8g} · 3600)',
                power_time_s::double, normalized_power_w::double, np_per_ftp::double, ftp_w::double
            ),
            100 * power_time_s * normalized_power_w * np_per_ftp / nullif(ftp_w * 3600, 0)::double,
            'Training Stress Score, Allen & Coggan'
        )
    ) as steps (position, formula, input, value, source)
    where training_load_source = 'power'
),

pace_steps as (
    select steps.*
    from passed_over, (values
        (
            11, 'threshold_pace_s_per_km', null, threshold_pace_s_per_km::double,
            'athlete_settings: ' || threshold_pace_s_per_km_source || since
        ),
        (
            12, 'gap_moving_time_s: moving seconds that have distance and grade', null,
            gap_moving_time_s::double, 'activities.gap_moving_time_s'
        ),
        (
            13, 'gap_distance_m: grade-adjusted metres of the same seconds', null,
            gap_distance_m::double, 'activities.gap_distance_m'
        ),
        (
            14, 'gap_pace_s_per_km = 1000 · gap_moving_time_s / gap_distance_m',
            format('1000 · {:.8g} / {:.8g}', gap_moving_time_s::double, gap_distance_m::double),
            gap_pace::double, 'explain_gap'
        ),
        (
            15,
            'training_load = 100 · gap_moving_time_s / 3600'
                || ' · (threshold_pace_s_per_km / gap_pace_s_per_km)²',
            format(
                '100 · {:.8g} / 3600 · ({:.8g} / {:.8g})²',
                gap_moving_time_s::double, threshold_pace_s_per_km::double, gap_pace::double
            ),
            100 * gap_moving_time_s / 3600
                * pow(threshold_pace_s_per_km / nullif(gap_pace, 0), 2)::double,
            'rTSS'
        )
    ) as steps (position, formula, input, value, source)
    where training_load_source = 'pace'
),

heartrate_steps as (
    select steps.*
    from passed_over, (values
        (
            11, 'max_heartrate_bpm', null, max_bpm::double,
            'athlete_settings: ' || max_heartrate_bpm_source || since
        ),
        (
            12, 'resting_heartrate_bpm', null, resting_bpm::double,
            'athlete_settings: ' || resting_heartrate_bpm_source || since
        ),
        (
            13, 'threshold_heartrate_bpm', null, threshold_bpm::double,
            'athlete_settings: ' || threshold_heartrate_bpm_source || since
        ),
        (
            14, 'a and b: 0.86 and 1.67 for women, 0.64 and 1.92 for men and where nobody says',
            coalesce(sex, 'sex unknown'), null,
            coalesce('athlete_settings: ' || sex_source || since, 'athlete_settings')
        ),
        (
            15, 'trimp = Σ minutes · r · a·e^(b·r), r = (heart rate - rest) / (max - rest) in 0-1',
            null, trimp::double, 'activities.trimp'
        ),
        (
            16, 'r of the threshold = (threshold - rest) / (max - rest) in 0-1',
            format(
                '({:.8g} - {:.8g}) / ({:.8g} - {:.8g})',
                threshold_bpm::double, resting_bpm::double, max_bpm::double, resting_bpm::double
            ),
            threshold_share::double, 'Morton, Fitz-Clarke & Banister 1990'
        ),
        (
            17, 'trimp of an hour at the threshold = 60 · r · a·e^(b·r)',
            format(
                '60 · {:.8g} · {:.8g} · e^({:.8g} · {:.8g})', threshold_share::double,
                trimp_a::double, trimp_b::double, threshold_share::double
            ),
            threshold_hour_trimp::double, 'Morton, Fitz-Clarke & Banister 1990'
        ),
        (
            18, 'training_load = 100 · trimp / trimp of an hour at the threshold',
            format('100 · {:.8g} / {:.8g}', trimp::double, threshold_hour_trimp::double),
            100 * trimp / nullif(threshold_hour_trimp, 0)::double, 'heart-rate load'
        )
    ) as steps (position, formula, input, value, source)
    where training_load_source = 'heartrate'
),

duration_steps as (
    select steps.*
    from passed_over, (values
        (
            11, 'duration_load_per_h', null, duration_load_per_h::double,
            'config.toml, 50 where it has none'
        ),
        (
            12, 'share: 0.5 of Walk, Hike and Snowshoe, else 1', sport_type,
            duration_share::double, 'activities.sport_type'
        ),
        (13, 'moving_time_s', null, moving_time_s::double, 'activities.moving_time_s'),
        (
            14, 'training_load = duration_load_per_h · share · moving_time_s / 3600',
            format(
                '{:.8g} · {:.8g} · {:.8g} / 3600',
                duration_load_per_h::double, duration_share::double, moving_time_s::double
            ),
            duration_load_per_h * duration_share * moving_time_s / 3600::double,
            'nothing better is known'
        )
    ) as steps (position, formula, input, value, source)
    where training_load_source = 'duration'
),

without_load as (
    select
        11 as position,
        'training_load' as formula,
        case
            when explained_id is null then 'none: no activity has this id'
            else 'none: the activity has no moving time either'
        end as input,
        null::double as value,
        'activities' as source
    from passed_over
    where training_load_source is null
),

steps as (
    select * from reasons
    union all
    select * from power_steps
    union all
    select * from pace_steps
    union all
    select * from heartrate_steps
    union all
    select * from duration_steps
    union all
    select * from without_load
)

select row_number() over (order by position) as step, formula, input, value, source
from steps
order by step

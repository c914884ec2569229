with efforts as (
    select * from {{ ref('int_best_efforts') }}
),

heartrates as (
    select * from {{ ref('int_effort_heartrates') }}
),

effort_distances as (
    select * from {{ ref('effort_distances') }}
),

activities as (
    select * from {{ ref('stg_strava__activities') }}
),

dated_efforts as (
    select
        efforts.*,
        effort_distances.effort_label,
        heartrates.average_heartrate_bpm,
        activities.sport_type,
        activities.sport_group,
        activities.started_at + to_microseconds((efforts.start_time_s * 1e6)::bigint)
            as effort_started_at
    from efforts
    inner join activities using (athlete_id, activity_id)
    inner join effort_distances
        on activities.sport_group = effort_distances.sport_group
        and efforts.effort_distance_m = effort_distances.effort_distance_m
    left join heartrates
        on efforts.athlete_id = heartrates.athlete_id
        and efforts.activity_id = heartrates.activity_id
        and efforts.effort_distance_m = heartrates.effort_distance_m
),

-- of equal times the earlier start ranks first, and only it can be a record
ranked as (
    select
        *,
        row_number() over (
            partition by athlete_id, sport_group, effort_distance_m
            order by elapsed_time_s, effort_started_at, activity_id
        ) as rank_all_time,
        coalesce(
            elapsed_time_s < min(elapsed_time_s) over (
                partition by athlete_id, sport_group, effort_distance_m
                order by effort_started_at, activity_id
                rows between unbounded preceding and 1 preceding
            ),
            true
        ) as is_personal_record
    from dated_efforts
),

best_efforts as (
    select
        athlete_id,
        activity_id,
        sport_type,
        sport_group,
        effort_distance_m,
        elapsed_time_s,
        start_time_s,
        effort_label,
        average_heartrate_bpm,
        1000 * elapsed_time_s / nullif(effort_distance_m, 0) as pace_s_per_km,
        rank_all_time,
        is_personal_record,
        effort_started_at
    from ranked
)

select * from best_efforts

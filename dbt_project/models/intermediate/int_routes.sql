{{ config(materialized='table') }}
{#- Of each activity only the rarest cells are compared at first, a quarter of them and an eighth more. All are
    sorted alike, so that two which share three quarters of their cells share at least that eighth of these
    (prefix filtering); most pairs do not. -#}
{%- set share_not_shared = 4 -%}
{%- set share_more = 8 -%}
{#- How many activities are looked at in a round, of each athlete and sport group. -#}
{%- set waiting_at_once = 250 %}

with recursive candidates as materialized (
    select * from {{ ref('int_route_candidates') }}
),

cells as (
    select athlete_id, sport_group, place, unnest(cells) as cell
    from candidates
),

cell_uses as (
    select athlete_id, sport_group, cell, count(*) as use_count
    from cells
    group by all
),

rarest_first as (
    select
        athlete_id,
        sport_group,
        place,
        list({ 'use_count': use_count, 'cell': cell } order by use_count, cell) as cells
    from cells
    inner join cell_uses using (athlete_id, sport_group, cell)
    group by all
),

rare_cells as materialized (
    select
        athlete_id,
        sport_group,
        place,
        greatest(1, len(cells) // {{ share_more }}) as least_shared,
        unnest(cells[:len(cells) // {{ share_not_shared }} + least_shared]).cell as cell
    from rarest_first
),

-- In rounds: of the earliest that are on no route yet those begin one that match none before them. All that
-- match a beginner are on a route: on that of the earliest one.
rounds as (
    select athlete_id, sport_group, place, null::bigint as route_place
    from candidates

    union all

    (
        with waiting as (
            select place from rounds
            where route_place is null
            qualify row_number() over (partition by athlete_id, sport_group order by place)
                <= {{ waiting_at_once }}
        ),

        waiting_cells as materialized (
            select * from rare_cells where place in (select place from waiting)
        ),

        waiting_pairs as (
            {{- pairs_on_one_route('waiting_cells', 'waiting_cells') | indent(8) }}
        ),

        beginners as (
            select place from waiting
            where place not in (select later_place from waiting_pairs)
        ),

        beginner_cells as materialized (
            select * from rare_cells where place in (select place from beginners)
        ),

        other_cells as materialized (
            select * from rare_cells
            where place in (select place from rounds where route_place is distinct from place)
        ),

        pairs as (
            {{- pairs_on_one_route('beginner_cells', 'other_cells') | indent(8) }}
        ),

        found as (
            select later_place as place, min(earlier_place) as route_place
            from pairs
            group by all
            union all
            select place, place as route_place
            from beginners
        )

        select
            rounds.athlete_id,
            rounds.sport_group,
            rounds.place,
            least(rounds.route_place, found.route_place) as route_place
        from rounds
        left join found using (place)
        where exists (select 1 from waiting)
    )
),

route_places as (
    select place, min(route_place) as route_place
    from rounds
    group by all
),

routes as (
    select candidates.athlete_id, candidates.activity_id, beginners.activity_id as route_id
    from route_places
    inner join candidates using (place)
    inner join candidates as beginners on route_places.route_place = beginners.place
)

select * from routes

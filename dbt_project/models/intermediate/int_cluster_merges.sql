{#- A chain of so many doublings is followed in a round. -#}
{%- set doublings = 6 %}

with recursive tiles as (
    select * from {{ ref('int_cluster_tiles') }}
),

neighbours as (
    select *, (x + 1) % (1 << zoom) as neighbour_x, y as neighbour_y
    from tiles
    union all
    select *, x as neighbour_x, y + 1 as neighbour_y
    from tiles
),

borders as (
    select
        neighbours.tile_number as one,
        tiles.tile_number as other,
        greatest(neighbours.surrounded_on, tiles.surrounded_on) as joined_on
    from neighbours
    inner join tiles
        on neighbours.athlete_id = tiles.athlete_id
        and neighbours.zoom = tiles.zoom
        and neighbours.neighbour_x = tiles.x
        and neighbours.neighbour_y = tiles.y
),

-- Boruvka's rounds: every cluster joins the neighbour that it meets on the earliest date. A row is a border between two
-- clusters, each named by one of its tiles, or (is_merge) that `one` has become a part of `other`.
rounds as (
    select one, other, joined_on, false as is_merge
    from borders
    union all
    select other as one, one as other, joined_on, false as is_merge
    from borders

    union all

    (
        -- of equal dates the same border for both its sides: no ring comes about but of two
        with first_borders as (
            select
                one,
                min({ 'joined_on': joined_on, 'low': least(one, other), 'high': greatest(one, other) })
                    as border
            from rounds
            where not is_merge
            group by all
        ),

        first_meetings as (
            select one, border.low + border.high - one as other, border.joined_on as joined_on
            from first_borders
        ),

        -- two that are each other's first: the one with the lower number stays
        steps_0 as (
            select
                first_meetings.one,
                first_meetings.joined_on,
                case
                    when back.other = first_meetings.one and first_meetings.one < back.one
                        then first_meetings.one
                    else first_meetings.other
                end as next
            from first_meetings
            inner join first_meetings as back on first_meetings.other = back.one
        ),
        {% for doubling in range(doublings) %}
        steps_{{ doubling + 1 }} as (
            select steps.one, steps.joined_on, further.next
            from steps_{{ doubling }} as steps
            inner join steps_{{ doubling }} as further on steps.next = further.one
        ),
        {% endfor %}
        -- whose chain is longer joins in a later round
        merges as (
            select steps.one, steps.next as other, steps.joined_on
            from steps_{{ doublings }} as steps
            inner join steps_0 as stays on steps.next = stays.one and stays.next = stays.one
            where steps.one <> steps.next
        ),

        renamed as (
            select
                coalesce(merges_of_one.other, rounds.one) as one,
                coalesce(merges_of_other.other, rounds.other) as other,
                rounds.joined_on
            from rounds
            left join merges as merges_of_one on rounds.one = merges_of_one.one
            left join merges as merges_of_other on rounds.other = merges_of_other.one
            where not rounds.is_merge
        )

        select one, other, min(joined_on) as joined_on, false as is_merge
        from renamed
        where one <> other
        group by all
        union all
        select one, other, joined_on, true as is_merge
        from merges
    )
),

cluster_merges as (
    select tiles.athlete_id, tiles.zoom, rounds.one as tile_number, rounds.other as into_tile_number, rounds.joined_on
    from rounds
    inner join tiles on rounds.one = tiles.tile_number
    where rounds.is_merge
)

select * from cluster_merges

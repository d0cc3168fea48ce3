-- Each recording gets the activity that it is a recording of, and the rule that says so. No rule looks at when a
-- recording arrived.
--
-- A recording is held against the most trusted one of its group (the anchor) and joins only if it matches that one
-- itself: of a chain of sessions, each overlapping the next, none is carried along by another.

{{ config(incremental_strategy='by_person', pre_hook='set local enable_nestloop = off') }}

with recursive

recordings as (
    select
        *,
        case when started_at is not null then coalesce(activity_number, recording_id) end as activity_key
    from {{ changed_people(ref('int_activity_recordings__unioned')) }}
),

-- The same Garmin number is the same activity: list, single activity, export, and the file Garmin gave for it.
leaders as (
    select distinct on (user_id, activity_key) *
    from recordings
    where activity_key is not null
    order by user_id, activity_key, has_data desc, priority, recording_id
),

-- A triathlon comes as a whole and as its parts: where the parts are there, the whole would count them twice.
parents as (
    select distinct user_id, parent_number
    from recordings
    where parent_number is not null
),

wholes as (
    select leaders.user_id, leaders.activity_key
    from leaders
    left join parents on parents.user_id = leaders.user_id and parents.parent_number = leaders.activity_number
    where leaders.is_whole_of_file or parents.user_id is not null
),

-- Where only the whole is known to Garmin, the parts in a file lie within it.
parts as (
    select distinct on (part.user_id, part.activity_key)
        part.user_id, part.activity_key, whole.activity_key as whole_key, whole.recording_id as whole_recording_id
    from leaders as part
    inner join leaders as whole
        on whole.user_id = part.user_id
        and (whole.is_multisport_parent or whole.sport_family = 'multisport')
        -- Sessions of a file that both call themselves multisport are not parts of each other.
        and not whole.is_part_of_file
        and part.started_at >= whole.started_at - interval '60 seconds'
        and part.started_at <= whole.started_at + make_interval(secs => whole.span_s)
    where part.is_part_of_file
        and not exists (
            select from wholes
            where wholes.user_id = whole.user_id and wholes.activity_key = whole.activity_key
        )
    order by part.user_id, part.activity_key, whole.priority, whole.started_at, whole.activity_key
),

standing as (
    select leaders.*
    from leaders
    left join wholes using (user_id, activity_key)
    left join parts using (user_id, activity_key)
    where wholes.user_id is null and parts.user_id is null
),

-- Only recordings that touch each other in time can be one: an island is a row of such.
touching as (
    select
        *,
        started_at > max(started_at + make_interval(secs => coalesce(span_s, 0) + 60)) over earlier as begins_island
    from standing
    window earlier as (
        partition by user_id order by started_at, activity_key rows between unbounded preceding and 1 preceding
    )
),

islands as (
    select
        *,
        count(*) filter (where begins_island) over (partition by user_id order by started_at, activity_key) as island
    from touching
),

ranked as (
    select
        *,
        row_number() over (
            partition by user_id, island
            order by has_data desc, priority, span_s desc nulls last, started_at, sport, activity_key
        )::integer as position
    from islands
),

compared as (
    select
        later.user_id,
        later.island,
        later.position,
        earlier.position as earlier_position,
        extract(epoch from later.started_at - earlier.started_at)::double precision as start_shift_s,
        {{ shared_s('later', 'earlier') }} as shared_s,
        least(later.span_s, earlier.span_s) as shorter_s,
        greatest(later.span_s, earlier.span_s) as longer_s,
        -- What has no duration shares no time that one could measure.
        later.span_s is null or earlier.span_s is null as is_span_unknown,
        coalesce(later.sport_family = earlier.sport_family, true) as is_same_sport
    from ranked as later
    inner join ranked as earlier
        on earlier.user_id = later.user_id and earlier.island = later.island and earlier.position < later.position
),

matched as (
    select
        *,
        case
            when abs(start_shift_s) <= 60 and is_span_unknown and is_same_sport then 'same_start'
            when is_span_unknown then null
            -- Nobody does two things at once: with most of the time in common, the sport's name may differ.
            when abs(start_shift_s) <= 60 and shared_s >= longer_s / 2 then 'same_start'
            when abs(start_shift_s) <= 60 and shared_s >= shorter_s / 2 and is_same_sport then 'same_start'
            when shared_s >= longer_s * 2 / 3 and is_same_sport then 'same_time'
        end as rule
    from compared
),

candidates as (
    select
        user_id,
        island,
        position,
        array_agg(earlier_position order by rule, shared_s desc, earlier_position) as earlier_positions
    from matched
    where rule is not null
    group by user_id, island, position
),

queued as (
    select ranked.user_id, ranked.island, ranked.position, candidates.earlier_positions
    from ranked
    left join candidates using (user_id, island, position)
),

-- One after the other, the most trusted first: a recording joins an anchor that it matches, or becomes one.
placed as (
    select user_id, island, position, position as anchor_position, array[position] as anchors
    from queued
    where position = 1
    union all
    select
        next.user_id,
        next.island,
        next.position,
        coalesce(found.anchor_position, next.position) as anchor_position,
        case when found.anchor_position is null then placed.anchors || next.position else placed.anchors end as anchors
    from placed
    inner join queued as next
        on next.user_id = placed.user_id and next.island = placed.island and next.position = placed.position + 1
    left join lateral (
        select earlier.position as anchor_position
        from unnest(next.earlier_positions) with ordinality as earlier (position, ordinal)
        where earlier.position = any(placed.anchors)
        order by earlier.ordinal
        limit 1
    ) as found on true
),

anchors as (
    select ranked.*
    from placed
    inner join ranked using (user_id, island, position)
    where placed.position = placed.anchor_position
),

-- Nobody does one sport twice at once: what lies within a longer recording of it was counted there.
contained as (
    select
        part.user_id,
        part.island,
        part.position,
        whole.position as whole_position,
        whole.activity_key as whole_key,
        whole.recording_id as whole_recording_id,
        whole.span_s as whole_span_s,
        extract(epoch from part.started_at - whole.started_at)::double precision as start_shift_s,
        {{ shared_s('part', 'whole') }} / whole.span_s as shared_ratio
    from anchors as part
    inner join anchors as whole
        on whole.user_id = part.user_id
        and whole.island = part.island
        and whole.sport_family = part.sport_family
        and whole.span_s > part.span_s
        -- A recording that stood still for most of its time, to be gone on with, leaves room for others.
        and (whole.duration_s is null or whole.duration_s >= whole.span_s * 0.5)
    where {{ shared_s('part', 'whole') }} >= part.span_s * 0.9
),

-- The longest that stands for itself: of recordings each within the next, none is carried along by another.
within as (
    select distinct on (user_id, island, position) *
    from contained
    where not exists (
        select from contained as outer_one
        where outer_one.user_id = contained.user_id
            and outer_one.island = contained.island
            and outer_one.position = contained.whole_position
    )
    order by user_id, island, position, whole_span_s desc, whole_position
),

decided as (
    select
        ranked.user_id,
        ranked.activity_key,
        coalesce(within.whole_key, anchor.activity_key) as group_key,
        ranked.position,
        coalesce(matched.rule, case when within.position is not null then 'within_longer' else 'first' end) as rule,
        case when matched.rule is not null then anchor.recording_id else within.whole_recording_id end as compared_with,
        coalesce(matched.start_shift_s, within.start_shift_s) as start_shift_s,
        coalesce(matched.shared_s / matched.longer_s, within.shared_ratio) as shared_ratio,
        within.position is null as gives_figures
    from placed
    inner join ranked using (user_id, island, position)
    inner join ranked as anchor
        on anchor.user_id = placed.user_id
        and anchor.island = placed.island
        and anchor.position = placed.anchor_position
    left join within
        on within.user_id = placed.user_id
        and within.island = placed.island
        and within.position = placed.anchor_position
    left join matched
        on matched.user_id = placed.user_id
        and matched.island = placed.island
        and matched.position = placed.position
        and matched.earlier_position = placed.anchor_position
    union all
    select
        user_id, activity_key, whole_key as group_key, 1000000 as position, 'part_of_whole' as rule,
        whole_recording_id as compared_with, null as start_shift_s, null as shared_ratio, false as gives_figures
    from parts
    union all
    select
        user_id, activity_key, null as group_key, 1000000 as position, 'whole_of_parts' as rule,
        null as compared_with, null as start_shift_s, null as shared_ratio, false as gives_figures
    from wholes
)

select
    recordings.user_id,
    recordings.recording_id,
    -- A whole of which only the file reports can itself have been taken for another recording of an activity.
    coalesce(group_of_whole.group_key, decided.group_key) as activity_id,
    case
        when recordings.activity_key is null then 'no_start'
        -- Every recording of a whole whose parts count is excluded, not its most trusted one alone.
        when decided.rule = 'whole_of_parts' then 'whole_of_parts'
        when recordings.recording_id <> leaders.recording_id then 'same_number'
        else decided.rule
    end as rule,
    case
        when recordings.recording_id <> leaders.recording_id then leaders.recording_id
        else decided.compared_with
    end as compared_with,
    case when recordings.recording_id = leaders.recording_id then decided.start_shift_s end as start_shift_s,
    case when recordings.recording_id = leaders.recording_id then decided.shared_ratio end as shared_ratio,
    -- Whose figures come first: all recordings of the anchor's number, then of the next. A part's are not the whole's.
    case when decided.gives_figures then
        row_number() over (
            partition by recordings.user_id, decided.group_key, decided.gives_figures
            order by decided.position, recordings.has_data desc, recordings.priority, recordings.recording_id
        )::integer
    end as preference
from recordings
left join leaders on leaders.user_id = recordings.user_id and leaders.activity_key = recordings.activity_key
left join decided on decided.user_id = recordings.user_id and decided.activity_key = recordings.activity_key
left join decided as group_of_whole
    on decided.rule = 'part_of_whole'
    and group_of_whole.user_id = decided.user_id
    and group_of_whole.activity_key = decided.group_key

{{ config(incremental_strategy='by_person') }}

with

placed as (
    select * from {{ changed_people(ref('int_activity_recordings__matched')) }}
)

select
    user_id,
    recording_id,
    event_id,
    activity_id,
    rule,
    case rule
        when 'first' then case
            when recordings > 1 then 'The most trusted recording of this activity: the others are held against it.'
            else 'The only recording of this activity.'
        end
        when 'same_number' then 'It carries the same Garmin number as the recording it was held against.'
        when 'same_start' then
            'It starts ' || abs(round(start_shift_s))::text || ' s '
            || case when start_shift_s < 0 then 'before' else 'after' end || ' the recording it was held against'
            || coalesce(', and they share ' || round(100 * shared_ratio)::text || ' % of the longer one''s time.', '.')
        when 'same_time' then
            'It starts ' || round(abs(start_shift_s) / 60)::text || ' min '
            || case when start_shift_s < 0 then 'before' else 'after' end || ' the recording it was held against, but they share '
            || round(100 * shared_ratio)::text || ' % of the longer one''s time, and the sport.'
        when 'within_longer' then
            'It lies within the recording it was held against, which is longer and of the same sport: that one counts.'
        when 'part_of_whole' then 'It is a part of an activity of which Garmin reports only the whole: the whole counts.'
        when 'whole_of_parts' then 'It is the whole of an activity whose parts count: both would count it twice.'
        when 'no_start' then 'It does not say when it started, so its day is not known: it is kept and not counted.'
    end as reason,
    compared_with,
    figures_taken,
    source,
    reported_by,
    activity_number,
    device_id,
    started_at,
    utc_offset,
    day,
    sport,
    duration_s,
    distance_m,
    ingested_at as as_of
from placed

-- The newest version of each event by `ingested_at`, without events that a later tombstone (`deleted`) names: which
-- version it is, whose, and of which day. One row an event, so that what arrived can be looked up in it.
--
-- `utc_offset` is what the person's clock showed; where the event does not say, the offset of the person's zone.

{{ config(
    materialized='incremental',
    indexes=[
        {'columns': ['event_id'], 'unique': true},
        {'columns': ['user_id', 'event_type', 'day']},
        {'columns': ['event_type']},
    ],
) }}

with

versions as (
    select
        event_id, user_id, event_type, source, time, content_hash, utc_offset, ingested_at,
        -- A payload is unpacked once for it, and not once for each look at its text.
        case
            when source <> 'garmin' then null
            when event_type = 'garmin.sleep' then coalesce(data #>> '{dailySleepDTO,calendarDate}', data ->> 'calendarDate')
            when event_type = 'garmin.hrv' then coalesce(data #>> '{hrvSummary,calendarDate}', data ->> 'calendarDate')
            else data ->> 'calendarDate'
        end as reported_day,
        case when source = 'garmin' then metadata ->> 'day' end as requested_day
    from {{ changed_events(source('raw', 'events')) }}
    where event_type <> 'deleted' and {{ ingested_before_build('ingested_at') }}
    offset 0
),

newest as (
    select distinct on (event_id) *
    from versions
    order by event_id, ingested_at desc, content_hash, time
),

tombstones as (
    select user_id, {{ safe_uuid("data ->> 'event_id'") }} as event_id, max(ingested_at) as deleted_at
    from {{ source('raw', 'events') }}
    where event_type = 'deleted' and {{ ingested_before_build('ingested_at') }}
        {%- if is_incremental() %}
        and user_id in (select user_id from newest)
        {%- endif %}
    group by 1, 2
),

placed as (
    select
        newest.*,
        coalesce(
            newest.utc_offset,
            (newest.time at time zone coalesce({{ known_zone('people.timezone') }}, 'UTC')) - (newest.time at time zone 'UTC')
        ) as shown_offset
    from newest
    left join {{ source('ops', 'people') }} as people on people.user_id = newest.user_id
    where not exists (
        select from tombstones
        where tombstones.user_id = newest.user_id
            and tombstones.event_id = newest.event_id
            and tombstones.deleted_at > newest.ingested_at
    )
)

select
    event_id,
    user_id,
    event_type,
    source,
    time,
    content_hash,
    shown_offset as utc_offset,
    coalesce({{ safe_date('reported_day') }}, {{ safe_date('requested_day') }}, {{ local_day('time', 'shown_offset') }}) as day,
    ingested_at
from placed

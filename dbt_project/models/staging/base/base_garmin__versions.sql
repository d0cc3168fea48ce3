-- Of what the account reports as it stands now there is no history but the versions that came in, one a change: those up to
-- the newest one that counts.

select
    log.event_id,
    log.user_id,
    log.event_type,
    log.data,
    log.metadata,
    log.ingested_at,
    log.time as occurred_at,
    coalesce({{ known_zone('people.timezone') }}, 'UTC') as timezone,
    -- The day on which the change was seen, on the person's clock.
    (log.ingested_at at time zone coalesce({{ known_zone('people.timezone') }}, 'UTC'))::date as seen_day
from {{ ref('base_events__current') }} as current
inner join {{ source('raw', 'events') }} as log
    on log.event_id = current.event_id
    and log.user_id = current.user_id
    and log.event_type = current.event_type
    and log.ingested_at <= current.ingested_at
left join {{ source('ops', 'people') }} as people on people.user_id = log.user_id
where current.source = 'garmin'
    and current.event_type in (
        'garmin.heart_rate_zones', 'garmin.power_zones', 'garmin.lactate_threshold', 'garmin.cycling_ftp',
        'garmin.fitness_age', 'garmin.fitness_age_export'
    )
    -- An account's export reports the zones of the day on which it was made: it fills in where the account was never asked.
    and (log.metadata ? 'item' or log.event_type not in ('garmin.heart_rate_zones', 'garmin.power_zones') or not exists (
        select from {{ source('raw', 'events') }} as asked
        where asked.event_id = log.event_id and asked.user_id = log.user_id and asked.metadata ? 'item'
            and asked.ingested_at <= current.ingested_at
    ))
    -- What was deleted and came again has the history since then.
    and not exists (
        select from {{ source('raw', 'events') }} as tombstone
        where tombstone.event_type = 'deleted'
            and tombstone.user_id = log.user_id
            and {{ safe_uuid("tombstone.data ->> 'event_id'") }} = log.event_id
            and tombstone.ingested_at > log.ingested_at
            and tombstone.ingested_at <= current.ingested_at
    )

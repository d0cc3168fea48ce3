-- Recordings of one exercise get one group: the same start (within 60 s) and time in common. A watch and a bike
-- computer record one ride, the API and the FIT file tell the same run, gym sessions come twice. `priority` says
-- whose figures come first within a group: the API before the file.

with

listed as (
    -- The list and the single activity tell the same activity.
    select distinct on (user_id, activity_key)
        *
    from (
        select *, coalesce(activity_id, event_id::text) as activity_key
        from {{ ref('stg_garmin__activities') }}
    ) as keyed
    order by user_id, activity_key, has_data desc, ingested_at desc, event_id
),

parents as (
    select *
    from listed
    where is_multisport_parent
),

-- A triathlon comes as a whole and as its parts: where the parts are there, the whole would count them twice.
api as (
    select listed.*
    from listed
    where not (
        listed.is_multisport_parent
        and exists (
            select from listed as part
            where part.user_id = listed.user_id and part.parent_activity_id = listed.activity_id
        )
    )
),

sessions as (
    select
        *,
        started_at + make_interval(secs => least(coalesce(elapsed_s, duration_s), 864000)) as ended_at
    from {{ ref('stg_fit__activities') }}
),

placed_sessions as (
    select
        *,
        -- A file, too, can hold the whole (first or last) beside two or more parts.
        coalesce(
            count(*) over file > 2
            and started_at = min(started_at) over file
            and ended_at >= max(ended_at) over file - interval '60 seconds',
            false
        ) as is_whole
    from sessions
    window file as (partition by user_id, event_id)
),

-- And where the API has only the whole, the parts in the FIT file lie within it.
files as (
    select fit.*
    from placed_sessions as fit
    where not fit.is_whole
        and (
            fit.session_number = 1
            or not exists (
                select from api
                where api.user_id = fit.user_id
                    and api.is_multisport_parent
                    and fit.started_at between api.started_at and api.started_at + make_interval(secs => api.elapsed_s)
            )
        )
),

recordings as (
    select
        user_id, activity_key as activity_id, 'garmin' as source, 1 as priority, started_at, utc_offset, day, sport,
        duration_s, coalesce(elapsed_s, duration_s) as span_s, distance_m, avg_hr_bpm, max_hr_bpm, avg_power_w,
        normalized_power_w, energy_kcal, elevation_gain_m, training_load, has_data, ingested_at
    from api
    union all
    select
        user_id, session_id as activity_id, 'fit' as source, 2 as priority, started_at, utc_offset, day, sport,
        duration_s, coalesce(elapsed_s, duration_s) as span_s, distance_m, avg_hr_bpm, max_hr_bpm, avg_power_w,
        normalized_power_w, energy_kcal, elevation_gain_m, null as training_load, has_data, ingested_at
    from files
),

ordered as (
    select
        *,
        lag(started_at) over earlier as earlier_started_at,
        lag(started_at + make_interval(secs => least(span_s, 864000))) over earlier as earlier_ended_at
    from recordings
    where started_at is not null
    window earlier as (partition by user_id order by started_at, priority, activity_id)
),

marked as (
    select
        *,
        case
            when earlier_started_at is null then 1
            when started_at > earlier_started_at + interval '60 seconds' then 1
            -- Two short ones, one after the other, are two.
            when started_at > earlier_started_at and started_at >= earlier_ended_at then 1
            else 0
        end as begins_group
    from ordered
)

select
    user_id,
    activity_id,
    sum(begins_group) over (partition by user_id order by started_at, priority, activity_id) as group_number,
    source,
    priority,
    started_at,
    utc_offset,
    day,
    sport,
    duration_s,
    distance_m,
    avg_hr_bpm,
    max_hr_bpm,
    avg_power_w,
    normalized_power_w,
    energy_kcal,
    elevation_gain_m,
    training_load,
    has_data,
    ingested_at
from marked

-- One row an activity. The same one comes from Garmin Connect and as a FIT file, or from two devices: it is the same
-- when it starts within a minute of another. Garmin Connect's row stays, of FIT files the one with more records.
with candidates as (
    select
        user_id, activity_id, 'garmin' as source, started_at, utc_offset, sport, duration_s, distance_m,
        avg_hr_bpm, max_hr_bpm, avg_power_w, normalized_power_w, energy_kcal, elevation_gain_m, training_load,
        0::double precision as records, ingested_at, 1 as priority
    from {{ ref('stg_garmin__activities') }}
    union all
    select
        user_id, activity_id, 'fit', started_at, utc_offset, sport, duration_s, distance_m,
        avg_hr_bpm, max_hr_bpm, avg_power_w, normalized_power_w, energy_kcal, elevation_gain_m, null,
        records, ingested_at, 2
    from {{ ref('stg_fit__activities') }}
),

ranked as (
    select *, (row_number() over (
        partition by user_id order by priority, records desc nulls last, ingested_at, activity_id)) as place
    from candidates
)

select
    kept.user_id, kept.activity_id, kept.source, kept.started_at, kept.utc_offset,
    {{ local_day('kept.started_at', 'kept.utc_offset') }} as day,
    kept.sport, kept.duration_s, kept.distance_m, kept.avg_hr_bpm, kept.max_hr_bpm, kept.avg_power_w,
    kept.normalized_power_w, kept.energy_kcal, kept.elevation_gain_m, kept.training_load, kept.ingested_at
from ranked kept
where not exists (
    select from ranked better
    where better.user_id = kept.user_id and better.place < kept.place
      -- Within one source two ids of Garmin Connect are two activities; only across sources or devices is it one.
      and (better.source <> 'garmin' or kept.source <> 'garmin')
      and better.started_at between kept.started_at - interval '60 seconds' and kept.started_at + interval '60 seconds'
      -- The parts of a multisport file start together with their whole, and are not the same.
      and split_part(better.activity_id, '/', 1) <> split_part(kept.activity_id, '/', 1)
)

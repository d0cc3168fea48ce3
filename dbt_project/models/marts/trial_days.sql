-- One row a study day with the local days that it spans. Recorded dates come first, then the protocol's first day; the
-- readings of a study day widen it (a study day can span two dates), but never into the next study day.

{{ config(incremental_strategy='by_person') }}

with

trials as (
    select * from {{ changed_people(ref('int_trials__defined')) }}
),

recorded as (
    select * from {{ changed_people(ref('stg_trials__days')) }}
),

assigned as (
    select * from {{ changed_people(ref('int_trial_assignments__unioned')) }}
),

read as (
    select user_id, trial, study_day, min(day) as first_day, max(day) as last_day
    from {{ changed_people(ref('stg_logs__measures')) }}
    where trial is not null and study_day is not null and value is not null
    group by user_id, trial, study_day
),

-- A trial of a supplement that is logged: what was taken is in the log.
taken as (
    select user_id, exposure, day, value
    from {{ changed_people(ref('int_intakes__zero_filled')) }}
    where exposure like 'supplement\_%'
),

dated as (
    select
        user_id,
        trial,
        study_day,
        coalesce(
            least(recorded.first_day, read.first_day),
            trials.start_day + (study_day - 1)
        ) as first_day,
        greatest(
            coalesce(recorded.last_day, trials.start_day + (study_day - 1)),
            recorded.first_day,
            read.last_day,
            -- A record may report the end of a study day alone.
            case when least(recorded.first_day, read.first_day) is null then trials.start_day + (study_day - 1) end
        ) as last_day,
        coalesce(assigned.arm, recorded.arm) as arm,
        recorded.arm as arm_recorded,
        trials.arms,
        greatest(recorded.ingested_at, assigned.ingested_at, trials.as_of) as as_of
    from recorded
    full join assigned using (user_id, trial, study_day)
    inner join trials using (user_id, trial)
    left join read using (user_id, trial, study_day)
    where study_day between 1 and 9999
        -- Where a study was recorded, a day that is only planned has no date that can be trusted.
        and (
            recorded.study_day is not null
            or not exists (
                select from recorded as others
                where others.user_id = trials.user_id and others.trial = trials.trial
            )
        )
),

placed as (
    select
        *,
        lead(first_day) over (partition by user_id, trial order by study_day) as next_first_day
    from dated
    where first_day is not null and arm is not null
)

select
    placed.user_id,
    placed.trial,
    placed.study_day,
    placed.first_day,
    case
        when placed.next_first_day > placed.first_day then least(placed.last_day, placed.next_first_day - 1)
        else placed.last_day
    end as last_day,
    placed.arm,
    coalesce(
        placed.arm_recorded,
        case when taken.value > 0 then placed.arms ->> 1 when taken.value = 0 then placed.arms ->> 0 end
    ) as arm_recorded,
    placed.as_of
from placed
left join taken
    on taken.user_id = placed.user_id
    and taken.day = placed.first_day
    and taken.exposure = 'supplement_' || {{ slug('placed.trial') }}
    and jsonb_array_length(placed.arms) = 2

-- Every trial that has a protocol or recorded days. A recorded study without a protocol gets its arms from its days
-- (the one with a reference's name first) and its outcome from its measures (the one with most readings first).

{{ config(incremental_strategy='by_person') }}

with

protocols as (
    select * from {{ changed_people(ref('stg_trials__protocols')) }}
),

recorded as (
    select user_id, trial, max(ingested_at) as as_of
    from {{ changed_people(ref('stg_trials__days')) }}
    group by user_id, trial
),

recorded_arms as (
    select
        user_id,
        trial,
        jsonb_agg(arm order by {{ is_reference_arm('arm') }} desc, first_study_day) as arms
    from (
        select user_id, trial, arm, min(study_day) as first_study_day
        from {{ changed_people(ref('stg_trials__days')) }}
        where arm is not null
        group by user_id, trial, arm
    ) as arms_of_days
    group by user_id, trial
),

recorded_measures as (
    select
        user_id,
        trial,
        jsonb_agg(measure order by readings desc, measure) as measures
    from (
        select user_id, trial, measure, count(*) as readings
        from {{ changed_people(ref('stg_logs__measures')) }}
        where trial is not null and measure is not null and value is not null
        group by user_id, trial, measure
    ) as readings_of_measures
    group by user_id, trial
)

select
    user_id,
    trial,
    protocols.question,
    coalesce(nullif(protocols.arms, '[]'::jsonb), recorded_arms.arms, '[]'::jsonb) as arms,
    coalesce({{ slug('protocols.outcome') }}, recorded_measures.measures ->> 0) as outcome,
    case
        when protocols.outcome is null then coalesce(recorded_measures.measures - 0, '[]'::jsonb)
        else (
            select coalesce(jsonb_agg({{ slug("element.name") }} order by element.ordinal), '[]'::jsonb)
            from jsonb_array_elements_text(protocols.secondary) with ordinality as element (name, ordinal)
            where element.name is not null
        )
    end as secondary,
    protocols.direction,
    protocols.smallest_effect,
    protocols.lag_days,
    protocols.start_day,
    protocols.period_days,
    protocols.washout_days,
    protocols.cycles,
    protocols.seed,
    protocols.event_id is not null as has_protocol,
    greatest(protocols.ingested_at, recorded.as_of) as as_of
from protocols
full join recorded using (user_id, trial)
left join recorded_arms using (user_id, trial)
left join recorded_measures using (user_id, trial)

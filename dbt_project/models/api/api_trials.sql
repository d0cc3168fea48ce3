-- The person's trials with their results, and the proposed trials of the newest accepted run.

with

newest_runs as (
    select distinct on (user_id, kind, target)
        user_id, kind, target, status, reason
    from {{ source('analysis', 'runs') }}
    where kind = 'trial'
    order by user_id, kind, target, created_at desc
),

accepted_trials as (
    select distinct on (user_id, target)
        run_id, user_id, target as trial, as_of, code_version, created_at,
        coalesce(diagnostics ->> 'ended' = 'true', true) as is_final,
        -- Only a run that ended the trial at an interim analysis counts; other interim runs let it continue.
        case when diagnostics ->> 'ended' = 'true' then (diagnostics -> 'look' ->> 'after_days')::integer end
            as stopped_after_days
    from {{ source('analysis', 'runs') }}
    where kind = 'trial' and status = 'accepted'
    order by user_id, target, created_at desc
),

results as (
    select
        runs.user_id,
        runs.trial,
        runs.run_id,
        runs.as_of,
        runs.code_version,
        runs.created_at,
        runs.is_final,
        runs.stopped_after_days,
        jsonb_agg(
            to_jsonb(results) - '{run_id,user_id,trial}'::text[]
            order by results.is_primary desc, results.is_negative_control, results.outcome, results.arm
        ) as result,
        (array_agg(results.decision order by results.is_primary desc, results.outcome, results.arm))[1] as decision
    from accepted_trials as runs
    inner join {{ source('analysis', 'trials') }} as results on results.run_id = runs.run_id
    group by
        runs.user_id, runs.trial, runs.run_id, runs.as_of, runs.code_version, runs.created_at, runs.is_final,
        runs.stopped_after_days
),

reported as (
    select *, (now() at time zone coalesce(timezone, 'UTC'))::date as today
    from {{ serving_table(ref('trials')) }}
),

trials as (
    select
        trials.user_id,
        'trial:' || trials.trial as trial_id,
        'trial' as kind,
        trials.trial as slug,
        -- The status that santorio.trials.lifecycle computes, from the last lifecycle event, the dates and the results:
        -- neither a day that passes nor a run that publishes writes an event. A test compares the two on random histories.
        case
            when statuses.abandoned_on is not null then 'abandoned'
            when statuses.last_event = 'stopped' then 'stopped_early'
            when statuses.last_event = 'analysed' then 'analysed'
            when results.stopped_after_days is not null then 'stopped_early'
            when statuses.paused_until > trials.today then 'paused'
            when trials.start_day > trials.today or trials.last_day is null then 'scheduled'
            -- The outcome of the last day arrives after its lag, and is complete the day after.
            when
                statuses.last_event is distinct from 'completed'
                and trials.last_day + coalesce(trials.lag_days, 0) + 2 > trials.today
                then 'running'
            when results.is_final then 'analysed'
            else 'completed'
        end as status,
        trials.question,
        trials.arms,
        trials.outcome,
        trials.secondary,
        trials.start_day,
        coalesce(stopped.last_day, trials.last_day) as last_day,
        trials.study_days as days_needed,
        null::integer as rank,
        null::text as why,
        null::text as intervention,
        null::double precision as assurance,
        null::double precision as expected_information_gain,
        null::double precision as value_per_day,
        (
            select jsonb_object_agg(trial_days.study_day::text, trial_days.arm)
            from {{ serving_table(ref('trial_days')) }} as trial_days
            where
                trial_days.user_id = trials.user_id
                and trial_days.trial = trials.trial
                and (stopped.last_day is null or trial_days.last_day <= stopped.last_day)
        ) as schedule,
        trials.seed,
        results.decision,
        results.result,
        results.stopped_after_days,
        newest_runs.status as last_run_status,
        newest_runs.reason as last_run_reason,
        results.run_id,
        greatest(coalesce(results.as_of, trials.as_of), statuses.as_of) as as_of,
        results.code_version
    from reported as trials
    left join results on results.user_id = trials.user_id and results.trial = trials.trial
    left join newest_runs on newest_runs.user_id = trials.user_id and newest_runs.target = trials.trial
    -- The last day of the interim analysis that stopped the trial: later days were not requested.
    left join lateral (
        select trial_days.last_day
        from {{ serving_table(ref('trial_days')) }} as trial_days
        where trial_days.user_id = trials.user_id and trial_days.trial = trials.trial
        order by trial_days.study_day
        offset results.stopped_after_days - 1
        limit case when results.stopped_after_days is null then 0 else 1 end
    ) as stopped on true
    left join {{ serving_table(ref('trial_statuses')) }} as statuses
        on statuses.user_id = trials.user_id and statuses.trial = trials.trial
),

proposal_runs as (
    select distinct on (user_id)
        run_id, user_id, status, as_of, code_version, created_at
    from {{ source('analysis', 'runs') }}
    where kind = 'proposals' and status = 'accepted'
    order by user_id, created_at desc
),

proposals as (
    select
        proposals.user_id,
        'proposal:' || proposals.slug as trial_id,
        'proposal' as kind,
        proposals.slug,
        case
            -- A later run may propose again what was declined.
            when statuses.last_event = 'declined' and statuses.as_of > proposal_runs.created_at then 'declined'
            else 'proposed'
        end as status,
        proposals.question,
        proposals.arms,
        proposals.outcome,
        '[]'::jsonb as secondary,
        null::date as start_day,
        null::date as last_day,
        proposals.days_needed,
        proposals.rank,
        proposals.why,
        proposals.intervention,
        proposals.assurance,
        proposals.expected_information_gain,
        proposals.value_per_day,
        proposals.schedule,
        proposals.seed,
        null::text as decision,
        null::jsonb as result,
        null::integer as stopped_after_days,
        proposal_runs.status as last_run_status,
        null::text as last_run_reason,
        proposals.run_id,
        proposal_runs.as_of,
        proposal_runs.code_version
    from proposal_runs
    inner join {{ source('analysis', 'proposals') }} as proposals on proposals.run_id = proposal_runs.run_id
    left join {{ serving_table(ref('trial_statuses')) }} as statuses
        on statuses.user_id = proposals.user_id and statuses.trial = replace(proposals.slug, '-', '_')
    -- An accepted proposal is listed as a trial until the next run proposes again.
    where statuses.last_event is null or statuses.last_event in ('proposed', 'declined')
)

select * from trials
union all
select * from proposals

{{ config(tags=['every_build'], meta={'dagster': {'ref': {'name': 'days'}}}) }}

-- Most of the days that were fetched lately have a row: a build that lost half of them must not be shown. Few days say
-- nothing. Garmin answers with a basal rate for days before the first watch, which are no days of the mart.

with

first_worn as (
    select user_id, min(day) as first_day
    from {{ ref('int_wearable_days__joined') }}
    group by user_id
),

fetched as (
    select ledger.user_id, ledger.day
    from {{ source('ops', 'coverage') }} as ledger
    inner join first_worn on first_worn.user_id = ledger.user_id and ledger.day >= first_worn.first_day
    where ledger.kind = 'daily_summary'
        and ledger.status in ('final', 'fetched', 'provisional')
        and ledger.fetched_at >= (select max(fetched_at) from {{ source('ops', 'coverage') }}) - interval '2 days'
),

counted as (
    select count(*) as days_fetched, count(days.day) as days_built
    from fetched
    left join {{ ref('days') }} as days on days.user_id = fetched.user_id and days.day = fetched.day
)

select * from counted
where days_fetched >= 20 and days_built < 0.5 * days_fetched

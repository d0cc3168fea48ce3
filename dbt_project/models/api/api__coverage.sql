-- depends_on: {{ source('garmin', 'payloads') }}
{{ config(alias='coverage') }}
select user_id, kind, day, status, attempts, fetched_at from ops.coverage

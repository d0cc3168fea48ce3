{{ config(materialized='incremental', meta={'event_types': ['garmin.user_settings']}) }}

select
    event_id,
    user_id,
    case upper({{ json_text("data -> 'userData' -> 'gender'") }}) when 'MALE' then 'men' when 'FEMALE' then 'women' end
        as coefficients,
    {{ safe_date("data -> 'userData' ->> 'birthDate'") }} as birth_day,
    ingested_at
from {{ changed_events(ref('base_garmin__payloads')) }}
where event_type = 'garmin.user_settings'

{{ config(incremental_strategy='by_person') }}

select distinct on (weathers.user_id, numbers.activity_id)
    weathers.user_id,
    numbers.activity_id,
    weathers.issued_at,
    weathers.temperature_c,
    weathers.apparent_temperature_c,
    weathers.dew_point_c,
    weathers.humidity_pct,
    weathers.wind_mps,
    weathers.wind_gust_mps,
    weathers.wind_from_deg,
    weathers.weather,
    weathers.ingested_at as as_of
from {{ changed_people(ref('stg_garmin__activity_weathers')) }} as weathers
inner join {{ changed_people(ref('int_activity_numbers__resolved')) }} as numbers
    on numbers.user_id = weathers.user_id and numbers.activity_number = weathers.activity_id
where weathers.has_data
order by weathers.user_id, numbers.activity_id, numbers.preference, weathers.ingested_at desc, weathers.event_id

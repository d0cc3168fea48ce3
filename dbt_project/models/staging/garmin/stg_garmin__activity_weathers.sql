{{ config(meta={'event_types': ['garmin.activity_weather']}) }}

with

source as (
    select * from {{ changed_events(ref('base_garmin__payloads')) }}
    where event_type = 'garmin.activity_weather'
),

renamed as (
    select
        event_id,
        user_id,
        -- The answer does not say whose weather it is: the activity that was asked for is noted beside it.
        {{ json_label("metadata -> 'item'") }} as activity_id,
        {{ safe_timestamp("data ->> 'issueDate'") }} at time zone 'UTC' as issued_at,
        -- Garmin reports degrees Fahrenheit and miles an hour, whatever the account's units.
        ({{ json_number("data -> 'temp'") }} - 32) / 1.8 as temperature_c,
        ({{ json_number("data -> 'apparentTemp'") }} - 32) / 1.8 as apparent_temperature_c,
        ({{ json_number("data -> 'dewPoint'") }} - 32) / 1.8 as dew_point_c,
        {{ json_measurement("data -> 'relativeHumidity'") }} as humidity_pct,
        {{ json_measurement("data -> 'windSpeed'") }} * 0.44704 as wind_mps,
        {{ json_measurement("data -> 'windGust'") }} * 0.44704 as wind_gust_mps,
        {{ json_measurement("data -> 'windDirection'") }} as wind_from_deg,
        {{ json_text("data -> 'weatherTypeDTO' -> 'desc'") }} as weather,
        ingested_at
    from source
)

select *, num_nonnulls(temperature_c, humidity_pct, wind_mps, weather) > 0 as has_data
from renamed

{{ config(meta={'event_types': ['garmin.activity_samples']}) }}

-- A view: nothing in a build reads it, and who looks at one activity pays for that alone.

{% set figures = {
    'heart_rate_bpm': ['directHeartRate'],
    'distance_m': ['sumDistance'],
    'speed_mps': ['directSpeed'],
    'power_w': ['directPower'],
    'cadence_rpm': ['directBikeCadence', 'directRunCadence', 'directCadence'],
    'altitude_m': ['directElevation'],
    'temperature_c': ['directAirTemperature'],
    'latitude_deg': ['directLatitude'],
    'longitude_deg': ['directLongitude'],
} %}

select
    payload.event_id,
    payload.user_id,
    {{ json_label("payload.data -> 'activityId'") }} as activity_id,
    element.ordinal::integer as sample_number,
    {{ json_epoch_ms("element.sample -> 'metrics' -> places.time_place") }} as measured_at,
    {% for name in figures -%}
    {{ json_number("element.sample -> 'metrics' -> places." ~ name ~ "_place") }} as {{ name }},
    {% endfor -%}
    payload.ingested_at
from {{ ref('base_garmin__payloads') }} as payload
-- A sample is a row of numbers; which is which is reported beside, and differs from device to device.
cross join lateral (
    select
        min(place.number) filter (where place.key = 'directTimestamp') as time_place,
        {% for name, keys in figures.items() -%}
        coalesce(
            {% for key in keys -%}
            min(place.number) filter (where place.key = '{{ key }}'){{ ', ' if not loop.last }}
            {% endfor %}
        ) as {{ name }}_place{{ ',' if not loop.last }}
        {% endfor %}
    from (
        select
            {{ json_text("descriptor -> 'key'") }} as key,
            {{ json_integer("descriptor -> 'metricsIndex'") }} as number
        from jsonb_array_elements({{ json_array("payload.data -> 'metricDescriptors'") }}) as element (descriptor)
    ) as place
    where place.number >= 0
) as places
cross join lateral jsonb_array_elements({{ json_array("payload.data -> 'activityDetailMetrics'") }}) with ordinality
    as element (sample, ordinal)
where payload.event_type = 'garmin.activity_samples'

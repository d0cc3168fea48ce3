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

with

source as materialized (
    select * from {{ ref('base_garmin__payloads') }}
    where event_type = 'garmin.activity_samples'
),

-- A sample is a row of numbers; which is which is told beside, and differs from device to device.
places as (
    select
        source.event_id,
        min(place.number) filter (where place.key = 'directTimestamp') as time_place,
        {% for name, keys in figures.items() -%}
        coalesce(
            {% for key in keys -%}
            min(place.number) filter (where place.key = '{{ key }}'){{ ', ' if not loop.last }}
            {% endfor %}
        ) as {{ name }}_place{{ ',' if not loop.last }}
        {% endfor %}
    from source
    cross join lateral (
        select
            {{ json_text("descriptor -> 'key'") }} as key,
            {{ json_integer("descriptor -> 'metricsIndex'") }} as number
        from jsonb_array_elements({{ json_array("source.data -> 'metricDescriptors'") }}) as element (descriptor)
    ) as place
    where place.number >= 0
    group by source.event_id
),

exploded as (
    select
        source.event_id,
        source.user_id,
        {{ json_label("source.data -> 'activityId'") }} as activity_id,
        element.ordinal::integer as sample_number,
        element.sample -> 'metrics' as metrics,
        source.ingested_at
    from source
    cross join lateral jsonb_array_elements({{ json_array("source.data -> 'activityDetailMetrics'") }}) with ordinality
        as element (sample, ordinal)
)

select
    exploded.event_id,
    exploded.user_id,
    exploded.activity_id,
    exploded.sample_number,
    {{ json_epoch_ms("exploded.metrics -> places.time_place") }} as measured_at,
    {% for name in figures -%}
    {{ json_number("exploded.metrics -> places." ~ name ~ "_place") }} as {{ name }},
    {% endfor -%}
    exploded.ingested_at
from exploded
inner join places on places.event_id = exploded.event_id

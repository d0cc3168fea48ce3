{#- One array of a payload, exploded: a value or an instant of another type than expected becomes null, and is left out. -#}
{% macro exploded_samples(kind, measure, path, at, value, least) -%}
    select
        payload.event_id, payload.user_id, payload.day, payload.start_offset, payload.end_offset, payload.timezone,
        '{{ measure }}' as measure, to_timestamp(sample.at_ms / 1000) as measured_at, sample.value, payload.ingested_at
    from payloads as payload
    cross join lateral json_table(
        payload.data, '{{ path }}'
        columns (at_ms double precision path '{{ at }}', value double precision path '{{ value }}')
    ) as sample
    -- Beyond 1970 to 2100 nothing is an instant.
    where payload.event_type = 'garmin.{{ kind }}' and sample.at_ms between 1 and 4102444800000 and sample.value {{ least }}
{%- endmacro %}

{#-
  One array of a payload, exploded: what is of another type than expected becomes null, and is left out.
  `payload` and what is `stated` in it stand beside it, laterally. Instants in milliseconds; beyond 1970 to 2100 nothing is an instant.
-#}
{% macro samples_by_instant(kind, measure, path, at, value, least) -%}
select '{{ measure }}' as measure, to_timestamp(sample.at_ms / 1000) as measured_at, sample.value
        from json_table(
            payload.data, '{{ path }}'
            columns (at_ms double precision path '{{ at }}', value double precision path '{{ value }}')
        ) as sample
        where stated.event_type = 'garmin.{{ kind }}' and sample.at_ms between 1 and 4102444800000
            and sample.value {{ least }} and sample.value <= 1e12
{%- endmacro %}

{#- The same with instants as text: date and time of UTC. -#}
{% macro samples_by_clock(kind, measure, path, at, value, least) -%}
select '{{ measure }}' as measure, sample.read_at at time zone 'UTC' as measured_at, sample.value
        from json_table(
            payload.data, '{{ path }}'
            columns (
                read_at timestamp path '{{ at }} ? (@ starts with "20")', value double precision path '{{ value }}'
            )
        ) as sample
        where stated.event_type = 'garmin.{{ kind }}' and sample.read_at is not null and sample.value {{ least }} and sample.value <= 1e12
{%- endmacro %}

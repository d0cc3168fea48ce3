{#-
  One series of monitoring files, exploded: what is no number, or has no time, is excluded. What is of the day so far
  (`is_of_day`) is stated a last time at midnight, and that is still the day before's.
-#}
{% macro monitored_samples(series, value_path, least, is_of_day=false) -%}
    select
        file.user_id, file.first_day, file.utc_offset, file.ingested_at, '{{ series }}' as series, sample.at_s,
        sample.at_s{{ ' - 1' if is_of_day }} as dated_s, null as activity_type,
        sample.value
    from files as file
    cross join lateral json_table(
        file.samples, '$.{{ series }}[*]'
        columns (at_s double precision path '$[0]', value double precision path '{{ value_path }}')
    ) as sample
    where sample.value {{ least }} and sample.value <= 1e12
{%- endmacro %}

{#- One count of monitoring files, exploded: it is of the day so far, each kind of movement for itself. -#}
{% macro monitored_counts(series) -%}
    select
        file.user_id, file.first_day, file.utc_offset, file.ingested_at, '{{ series }}' as series, sample.at_s,
        sample.at_s - 1 as dated_s, sample.activity_type,
        sample.value
    from files as file
    cross join lateral json_table(
        file.samples, '$.movement[*]'
        columns (
            at_s double precision path '$.at',
            activity_type text path '$.activity_type',
            value double precision path '$.{{ series }}'
        )
    ) as sample
    -- Every file begins with zeros.
    where sample.value > 0 and sample.value <= 1e12
{%- endmacro %}

{#-
  One row a trial and study day out of an assignment: {"1": 0, "2": "placebo", …} or [0, "placebo", …].
  `code` is what stands there, as text: an arm's name or its number, 0 being the reference.
-#}
{% macro exploded_assignment(relation, assignment) -%}
    select
        {{ relation }}.event_id,
        {{ relation }}.user_id,
        {{ relation }}.trial,
        entry.study_day,
        entry.code,
        {{ relation }}.ingested_at
    from {{ relation }}
    cross join lateral (
        select key::integer as study_day, {{ json_label('value') }} as code
        from jsonb_each({{ json_object(assignment) }})
        -- A study of more than ten years' days is a mistake, and so is a key that is no number.
        where key ~ '^[1-9]\d{0,3}$'
        union all
        select ordinal::integer as study_day, {{ json_label('value') }} as code
        from jsonb_array_elements({{ json_array(assignment) }}) with ordinality as element (value, ordinal)
        where ordinal < 10000
    ) as entry
    where entry.code is not null
{%- endmacro %}

{#- Whether an arm's name is one that people give to the arm that others are compared with. -#}
{% macro is_reference_arm(arm) -%}
  lower({{ arm }}) in ('control', 'placebo', 'baseline', 'reference', 'none', 'off', 'no', 'false', '0', 'a')
{%- endmacro %}

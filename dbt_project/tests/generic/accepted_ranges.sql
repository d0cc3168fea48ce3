{#-
  As accepted_range of dbt_utils, for several columns in one query: every value lies within its range, both ends
  included; null is no violation.
  `ranges`: column → [min_value, max_value].
-#}
{% test accepted_ranges(model, ranges) %}
{% for column, range in ranges.items() %}
select '{{ column }}' as column_name, {{ column }}::double precision as value
from {{ model }}
where {{ column }} < {{ range[0] }} or {{ column }} > {{ range[1] }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endtest %}

{#-
  No value that a body cannot have is used by an analysis: what lies outside the physiological range of its metric is
  flagged in day_quality and excluded there. Where no range is known, the value is at least a number.
-#}
{% test used_values_are_possible(model, metric) %}
select used.user_id, used.day, used.{{ metric }} as metric, used.value
from {{ model }} as used
left join {{ ref('metrics') }} as ranges on ranges.metric = used.{{ metric }}
where not coalesce(
    used.value between ranges.lowest_possible and ranges.highest_possible,
    used.value not in ('NaN', 'Infinity', '-Infinity')
)
    and not exists (
        select from {{ ref('day_quality') }} as quality
        where quality.user_id = used.user_id and quality.day = used.day and quality.metric = used.{{ metric }}
            and quality.is_excluded
    )
{% endtest %}

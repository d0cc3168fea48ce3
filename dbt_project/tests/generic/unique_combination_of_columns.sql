{#-
  As in dbt_utils, and none of the columns is null: together they name one row. One query instead of several tests. Marts
  have primary keys, which the database enforces.
-#}
{% test unique_combination_of_columns(model, combination_of_columns) %}
select {{ combination_of_columns | join(', ') }}, count(*) as rows_found
from {{ model }}
group by {{ combination_of_columns | join(', ') }}
having count(*) > 1 or num_nulls({{ combination_of_columns | join(', ') }}) > 0
{% endtest %}

{{ config(indexes=[{'columns': ['user_id', 'exposure', 'day'], 'unique': true}]) }}

select user_id, day, exposure, value, unit, ingested_at as as_of from {{ ref('int_intakes__daily') }}
union all
select user_id, day, 'training_load', training_load, 'load', as_of
from {{ ref('days') }} where training_load is not null
union all
select user_id, day, 'measure_' || name, value, unit, ingested_at
from {{ ref('int_measures__daily') }} where name <> 'mood'

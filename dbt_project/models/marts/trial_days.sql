{{ config(indexes=[{'columns': ['user_id', 'trial', 'study_day'], 'unique': true}]) }}

select user_id, trial, study_day, first_day, last_day, arm, arm_recorded, ingested_at as as_of
from {{ ref('int_trial_days__assembled') }}
where arm is not null

{{ config(materialized='lasting_view', post_hook='{{ guard_view() }}') }}

select *
from {{ ref('samples_hourly') }}
where user_id = {{ current_person() }}

{{ config(materialized='lasting_view', post_hook='{{ guard_view() }}') }}

select *
from {{ ref('samples_5min') }}
where user_id = {{ current_person() }}

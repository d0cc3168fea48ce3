-- Days on which another watch reported than on the day before of which one is known.
{{ config(incremental_strategy='by_person') }}

with

compared as (
    select
        user_id,
        day,
        device_id,
        lag(device_id) over days_in_order as device_before,
        as_of,
        lag(as_of) over days_in_order as as_of_before
    from {{ changed_people(ref('int_devices__by_day')) }} as devices
    window days_in_order as (partition by user_id order by day)
)

select user_id, day, greatest(as_of, as_of_before) as as_of
from compared
where device_id <> device_before

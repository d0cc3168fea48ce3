-- Which activity each of Garmin's numbers went to: laps, sets and weather are asked for by number.

{{ config(incremental_strategy='by_person') }}

select distinct on (user_id, activity_number) user_id, activity_number, activity_id, preference
from {{ changed_people(ref('int_activity_recordings__matched')) }}
-- What lies within a longer recording, or is a whole of parts, reports nothing about the activity as a whole.
where activity_id is not null and activity_number is not null
order by user_id, activity_number, preference, activity_id, recording_id

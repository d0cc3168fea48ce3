select distinct on (user_id, day, behaviour)
    user_id,
    day,
    behaviour,
    category,
    was_so,
    amount,
    amounts,
    ingested_at as as_of
from {{ changed_days(ref('stg_garmin__lifestyle_logs')) }}
-- What was not ticked is not known: neither yes nor no.
where day is not null and behaviour is not null and was_so is not null
order by user_id, day, behaviour, ingested_at desc, event_id, report_number

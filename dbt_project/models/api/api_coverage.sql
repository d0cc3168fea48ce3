select
    user_id,
    kind,
    day,
    status,
    reason,
    attempts,
    last_error,
    fetched_at,
    as_of
from {{ serving_table(ref('coverage')) }}

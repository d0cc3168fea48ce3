{{ current_events(source('raw', 'events'), "current.source = 'log' and current.event_type not like '%.%' and current.event_type <> 'deleted'") }}

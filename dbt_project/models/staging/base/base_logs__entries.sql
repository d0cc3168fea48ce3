{{ current_events(source('inbox', 'logs'), "current.source = 'log' and current.event_type not like '%.%' and current.event_type <> 'deleted'") }}

{{ current_events(source('inbox', 'logs'), source('ops', 'people'), "source = 'log' and event_type not like '%.%' and event_type <> 'deleted'") }}

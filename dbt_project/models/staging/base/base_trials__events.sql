{{ current_events(source('raw', 'events'), "current.source = 'trial' and current.event_type like 'trial.%'") }}

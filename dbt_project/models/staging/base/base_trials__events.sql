{{ current_events(source('inbox', 'trials'), "current.source = 'trial' and current.event_type like 'trial.%'") }}

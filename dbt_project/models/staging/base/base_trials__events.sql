{{ current_events(source('inbox', 'trials'), source('ops', 'people'), "source = 'trial' and event_type like 'trial.%'") }}

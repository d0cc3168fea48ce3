{{ current_events(source('garmin', 'payloads'), source('ops', 'people'), "source = 'garmin' and event_type like 'garmin.%'") }}

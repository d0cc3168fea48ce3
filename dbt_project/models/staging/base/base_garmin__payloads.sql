{{ current_events(source('raw', 'events'), "current.source = 'garmin' and current.event_type like 'garmin.%'") }}

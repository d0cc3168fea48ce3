{{ current_events(source('garmin', 'payloads'), "current.source = 'garmin' and current.event_type like 'garmin.%'") }}

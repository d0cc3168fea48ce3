{{ current_events(source('raw', 'events'), "(current.source = 'fit' and current.event_type like 'fit.%') or current.event_type = 'track.activity'") }}

{{ current_events(source('inbox', 'fit_files'), "(current.source = 'fit' and current.event_type like 'fit.%') or current.event_type = 'track.activity'") }}

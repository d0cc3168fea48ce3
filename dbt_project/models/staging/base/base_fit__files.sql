{{ current_events(source('inbox', 'fit_files'), source('ops', 'people'), "(source = 'fit' and event_type like 'fit.%') or event_type = 'track.activity'") }}

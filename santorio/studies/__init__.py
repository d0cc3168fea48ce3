"""Studies whose data was collected elsewhere: a described file in, an answer and a report out. No database."""

"""The report of a trial, as one HTML page that follows CENT 2015."""

"""FIT files: activities, and everything else a device writes."""

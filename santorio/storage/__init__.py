"""Where data lies: the database, the event log, the change queue, the object store."""

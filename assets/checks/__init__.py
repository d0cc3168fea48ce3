"""Asset checks: of what is ingested, and of the marts."""

"""The composition root: definitions, resources, jobs."""

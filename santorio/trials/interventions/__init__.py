"""Interventions that a trial can try: the catalog, a person's own ones, and their safety."""

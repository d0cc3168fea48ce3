"""The endpoints, a module for each resource. All of them read; none writes."""

"""What is associated with what, without an experiment."""

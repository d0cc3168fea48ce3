"""What `make bench` measures, and the recorded results."""

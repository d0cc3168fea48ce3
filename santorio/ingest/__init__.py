"""What comes in from outside, each through the event."""

"""What models publish, and when they may."""

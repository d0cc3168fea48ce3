"""What a person reads at the end of the demo, and in `santorio status`: found beside true."""

"""The simulated life in the shapes of Garmin Connect's payloads, one module for each endpoint."""

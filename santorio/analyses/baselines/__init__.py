"""What is usual for a person: expected ranges, anomalies, change points, forecasts. No look into the future."""

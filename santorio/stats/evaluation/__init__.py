"""How well the statistics do: simulated trials and operating characteristics."""

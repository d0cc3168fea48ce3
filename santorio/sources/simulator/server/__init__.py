"""A simulated Garmin Connect over HTTP: real clients log in to it and fetch a simulated person's data."""

from santorio.sources.simulator.server.accounts import Account
from santorio.sources.simulator.server.faults import Fault, Faults, parse_fault
from santorio.sources.simulator.server.serving import GarminServer, serving

__all__ = ["Account", "Fault", "Faults", "GarminServer", "parse_fault", "serving"]

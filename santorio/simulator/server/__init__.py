"""A simulated Garmin Connect over HTTP: real clients log in to it and fetch a simulated person's data."""

from santorio.simulator.server.accounts import Account
from santorio.simulator.server.faults import Fault, Faults, parse_fault
from santorio.simulator.server.http_server import run_server
from santorio.simulator.server.state import GarminServer

__all__ = ["Account", "Fault", "Faults", "GarminServer", "parse_fault", "run_server"]

"""A simulated person whose true effects are known."""

from santorio.sources.simulator.simulation import Simulation, simulate
from santorio.sources.simulator.truth import TrialTruth, TrueEffect, Truth

__all__ = ["Simulation", "TrialTruth", "TrueEffect", "Truth", "simulate"]

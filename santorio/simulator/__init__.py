"""A simulated person whose true effects are known."""

from santorio.simulator.files import Simulation, simulate
from santorio.simulator.ground_truth import TrialTruth, TrueEffect, Truth

__all__ = ["Simulation", "TrialTruth", "TrueEffect", "Truth", "simulate"]

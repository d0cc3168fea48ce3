"""The hyper-parameters of a baseline as a small grid, with their prior. Every node is one fully stated model."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from santorio.arrays import FloatArray


@dataclass(frozen=True)
class Configuration:
    """Fixed parameters, and the values to average over. Standard deviations are in units of a day's noise σ.

    Attributes
    ----------
    drift_sd : tuple[float, ...]
        Of a day's step of the level.
    swings : tuple[tuple[float, float], ...]
        Spread and persistence of a swing that fades: a stationary AR(1) around the level, (0, 0) is none.
    weekday_sd : tuple[float, ...]
        Spread of the weekdays around their mean.
    powers : tuple[float, ...]
        Scales on which the noise may have a constant spread: 1 the metric's own, 0 its logarithm.
    level_sd : float
        Spread of the first level around the median of the first days.
    outlier_probability, outlier_scale : float
        Share of days with outliers, and how many times wider their noise is.
    memory : float
        Factor by which the weight of a day in σ fades each day: spreads change too.
    warm_up : int
        First known days: they set the scale and do not weight the nodes.
    """

    drift_sd: tuple[float, ...] = (0.01, 0.05)
    swings: tuple[tuple[float, float], ...] = (
        (0.0, 0.0),
        (1.0, 0.4),
        (1.0, 0.8),
        (1.5, 0.95),
        (4.0, 0.95),
        (12.0, 0.97),
    )
    weekday_sd: tuple[float, ...] = (0.1, 0.5)
    powers: tuple[float, ...] = (1.0, 0.0)
    level_sd: float = 3.0
    outlier_probability: float = 0.02
    outlier_scale: float = 3.0
    memory: float = 0.98
    warm_up: int = 7

    @cached_property
    def nodes(self) -> "HyperparameterGrid":
        """Every combination of the grid."""
        rows = []
        for drift, swing, weekday, power in product(self.drift_sd, self.swings, self.weekday_sd, self.powers):
            swing_sd, persistence = swing
            rows.append((drift, swing_sd, persistence, weekday, power))
        return HyperparameterGrid(*np.array(rows, dtype=float).T)


@dataclass(frozen=True)
class HyperparameterGrid:
    """The grid, one entry per node; shapes (nodes,)."""

    drift_sd: FloatArray
    swing_sd: FloatArray
    persistence: FloatArray
    weekday_sd: FloatArray
    power: FloatArray

    def __len__(self) -> int:
        return len(self.power)


DEFAULT = Configuration()

"""The result of a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

from santorio.analyses.baselines.anomalies import Anomaly
from santorio.analyses.baselines.changepoints import ChangePoint
from santorio.analyses.baselines.forecast import Forecast
from santorio.analyses.baselines.state_space import Filtered
from santorio.arrays import FloatArray


@dataclass(frozen=True)
class Baseline:
    """The baseline of one metric.

    Attributes
    ----------
    expected : FloatArray
        Quantiles of the last day, predicted from the days before it, at `forecast.PROBABILITIES`; shape (7,).
    ahead : Forecast
        Forecast of the days after it.
    """

    metric: str
    unit: str
    filtered: Filtered
    expected: FloatArray
    ahead: Forecast
    anomalies: Sequence[Anomaly]
    changes: Sequence[ChangePoint]

"""What the baseline of one metric says."""

from collections.abc import Sequence
from dataclasses import dataclass

from santorio.analyses.baselines.anomalies import Anomaly
from santorio.analyses.baselines.changepoints import ChangePoint
from santorio.analyses.baselines.forecast import Forecast
from santorio.analyses.baselines.state_space import Filtered
from santorio.arrays import FloatArray


@dataclass(frozen=True)
class Baseline:
    """All that is said of one metric.

    Attributes
    ----------
    expected : FloatArray
        What was expected of the last known day before it came, at `forecasting.PROBABILITIES`; shape (7,).
    ahead : Forecast
        The days after it.
    """

    metric: str
    unit: str
    filtered: Filtered
    expected: FloatArray
    ahead: Forecast
    anomalies: Sequence[Anomaly]
    changes: Sequence[ChangePoint]

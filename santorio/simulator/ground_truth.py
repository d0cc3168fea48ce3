"""What is true of the simulated person, and so what an honest analysis must find or must not find."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class TrueEffect:
    """The effect of one exposure on one outcome.

    Attributes
    ----------
    exposure, outcome
        Names as in the marts.
    lag_days
        Days from the exposure's day to the outcome's day. A night belongs to the day of waking, so what is
        taken in the evening acts on the night of lag 1.
    per_amount
        Amount of the exposure, in its own unit, that `value` is stated for.
    unit
        Unit of the outcome.
    value
        Change of the outcome when everything else stays as it is; 0 for a pair with no effect.
    """

    exposure: str
    outcome: str
    lag_days: int
    per_amount: float
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class TrialTruth:
    """The effect that a trial's second arm has on its outcome, beside the first arm."""

    trial: str
    outcome: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that the simulator knows and the analysis does not."""

    effects: tuple[TrueEffect, ...]
    trials: tuple[TrialTruth, ...]

    def effect(self, exposure: str, outcome: str) -> TrueEffect:
        """Find the effect of an exposure on an outcome; KeyError if the simulator states none."""
        for effect in self.effects:
            if (effect.exposure, effect.outcome) == (exposure, outcome):
                return effect
        raise KeyError(exposure, outcome)

    def to_json(self) -> bytes:
        """Render as JSON, two-space indented."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what `to_json` wrote."""
        document: dict[str, list[dict[str, Any]]] = orjson.loads(text)
        return cls(
            effects=tuple(TrueEffect(**effect) for effect in document["effects"]),
            trials=tuple(TrialTruth(**trial) for trial in document["trials"]),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the `truth.json` that lies beside a simulation's folder."""
        return cls.from_json(path.read_bytes())

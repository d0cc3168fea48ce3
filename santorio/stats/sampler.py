"""What every sampled model shares: compile once per shape, sample, judge, retry once, and say if it can be trusted.

PyMC, nutpie and ArviZ are imported inside the functions: importing them takes seconds that an unchanged input
need not pay.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray
from santorio.stats.prior import Prior

MAX_R_HAT = 1.01
MIN_ESS = 400.0


@dataclass(frozen=True)
class Diagnostics:
    """What the sampler says of itself. ESS is the smallest over all parameters, bulk and tail."""

    r_hat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    chains: int
    draws: int
    attempts: int
    seconds: float

    @property
    def problem(self) -> str | None:
        """Why this fit must not be published; None if it may."""
        if self.divergences:
            return f"{self.divergences} divergent transitions"
        # A sampler that never moved has no finite R-hat: `not <` catches that as well.
        if not self.r_hat < MAX_R_HAT:
            return f"R-hat {self.r_hat:.3f}, wanted below {MAX_R_HAT}"
        if not min(self.ess_bulk, self.ess_tail) > MIN_ESS:
            return (
                f"effective sample size {min(self.ess_bulk, self.ess_tail):.0f}, wanted above {MIN_ESS:.0f}"
            )
        return None

    def as_json(self) -> dict[str, float | int | None]:
        """Plain numbers; what is not finite is None."""
        return {
            key: value if not isinstance(value, float) or np.isfinite(value) else None
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Fit:
    """Posterior draws by variable, shape (draws of all chains, …), and whether to trust them.

    Attributes
    ----------
    draws : Mapping[str, FloatArray]
        One chain after the other.
    dims, coords : Mapping
        Names of each variable's axes after the draws, and the labels along them.
    data : Mapping[str, Mapping[str, np.ndarray]]
        What was fitted, by group (`observed_data`, `constant_data`) and name.
    """

    draws: Mapping[str, FloatArray]
    diagnostics: Diagnostics
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coords: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    data: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def with_derived(
        self,
        draws: Mapping[str, FloatArray],
        dims: Mapping[str, tuple[str, ...]],
        coords: Mapping[str, Sequence[str | int]],
        data: Mapping[str, Mapping[str, NDArray[Any]]],
    ) -> "Fit":
        """Add what follows from the draws, and what they were fitted to."""
        return Fit(
            {**self.draws, **draws}, self.diagnostics, {**self.dims, **dims}, {**self.coords, **coords}, data
        )


class RegressionModel(ABC):
    """A regression with AR(1) errors, exact over gaps, sampled by NUTS.

    Parameters
    ----------
    model_config : Mapping[str, Prior], optional
        Priors that differ from `default_model_config`, by the names of the unknowns.
    sampler_config : Mapping[str, Any], optional
        Settings that differ from `default_sampler_config`.

    Raises
    ------
    ValueError
        If a prior is for something that the model has not.
    """

    default_model_config: ClassVar[Mapping[str, Prior]] = {}
    # Two cores: two chains at a time. 4 x 1000 draws leave every ESS well above 400 on all designs tried.
    default_sampler_config: ClassVar[Mapping[str, Any]] = {
        "draws": 1000,
        "tune": 500,
        "chains": 4,
        "cores": 2,
        "target_accept": 0.9,
        "seed": 2614,
    }
    # By what the second attempt multiplies draws and warm-up. Too few effective draws need more of them; divergences
    # need shorter steps, which cost as much again.
    more_draws: ClassVar[Mapping[str, float]] = {"draws": 5.0, "tune": 2.0}
    shorter_steps: ClassVar[Mapping[str, float]] = {"draws": 2.5, "tune": 3.0}
    _compiled: ClassVar[dict[tuple[object, ...], Any]] = {}
    _compiling: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self, model_config: Mapping[str, Prior] | None = None, sampler_config: Mapping[str, Any] | None = None
    ) -> None:
        if strangers := set(model_config or {}) - set(self.default_model_config):
            msg = (
                f"{type(self).__name__} has no unknown “{min(strangers)}”: "
                f"it has {', '.join(self.default_model_config)}"
            )
            raise ValueError(msg)
        self.model_config = {**self.default_model_config, **(model_config or {})}
        self.sampler_config = {**self.default_sampler_config, **(sampler_config or {})}

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Lengths that are compiled in; the number of days is not among them."""

    @abstractmethod
    def build_model(self) -> Any:
        """Build the PyMC model with empty data of this shape."""

    def compile(self) -> Any:
        """Compile, once per class, shape and priors in this process (9 s the first time on a cold cache)."""
        key = (type(self), self.shape, tuple(sorted(self.model_config.items())))
        # A thread may be compiling it ahead: the second waits.
        with self._compiling:
            if key not in self._compiled:
                import nutpie
                import pytensor

                # Only the function of initial points obeys this mode: interpreting it spares seconds of compilation.
                with pytensor.config.change_flags(mode="FAST_COMPILE"):
                    self._compiled[key] = nutpie.compile_pymc_model(self.build_model(), backend="numba")
            return self._compiled[key]

    def sample(self, data: Mapping[str, FloatArray]) -> Fit:
        """Sample given data; a fit that fails its diagnostics is tried once more with stricter settings."""
        started = time.perf_counter()
        compiled = self.compile().with_data(**data)
        first = sample_once(compiled, self.sampler_config)
        if first.diagnostics.problem is None:
            return first
        second = sample_once(compiled, self._retry_config(first.diagnostics))
        spent = time.perf_counter() - started
        return replace(second, diagnostics=replace(second.diagnostics, attempts=2, seconds=spent))

    def _retry_config(self, first: Diagnostics) -> dict[str, Any]:
        """Settings of the second attempt, by what the first one failed for."""
        config = dict(self.sampler_config)
        factors = self.shorter_steps if first.divergences else self.more_draws
        for name, factor in factors.items():
            config[name] = int(config[name] * factor)
        if first.divergences:
            # 0.99 halves the step and more: what still diverges is the model's fault, not the sampler's.
            config["target_accept"] = max(0.99, float(config["target_accept"]))
        config["seed"] += 1
        return config


def sample_once(compiled: Any, settings: Mapping[str, Any]) -> Fit:
    """Sample a compiled model that has its data, without a second attempt."""
    import nutpie

    started = time.perf_counter()
    tree = nutpie.sample(compiled, progress_bar=False, save_warmup=False, **settings)
    posterior = {name: np.asarray(values) for name, values in tree["posterior"].data_vars.items()}
    divergences = int(np.asarray(tree["sample_stats"]["diverging"]).sum())
    r_hat, bulk, tail = convergence(posterior)
    chains, draws = next(iter(posterior.values())).shape[:2]
    return Fit(
        draws={name: values.reshape(-1, *values.shape[2:]) for name, values in posterior.items()},
        diagnostics=Diagnostics(
            r_hat, bulk, tail, divergences, chains, draws, 1, time.perf_counter() - started
        ),
        dims={str(name): values.dims[2:] for name, values in tree["posterior"].data_vars.items()},
    )


def convergence(posterior: Mapping[str, FloatArray]) -> tuple[float, float, float]:
    """Worst R-hat, bulk and tail ESS over all parameters (Vehtari et al. 2021, doi:10.1214/20-BA1221).

    NaN, from chains that never moved, is the worst of all.
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    stacked = np.concatenate([values.reshape(*values.shape[:2], -1) for values in posterior.values()], axis=2)
    axes = {"chain_axis": 0, "draw_axis": 1}
    worst_r_hat = np.max(array_stats.rhat(stacked, **axes))  # type: ignore[no-untyped-call]
    bulk = np.min(array_stats.ess(stacked, method="bulk", **axes))  # type: ignore[no-untyped-call]
    tail = np.min(array_stats.ess(stacked, method="tail", prob=(0.05, 0.95), **axes))  # type: ignore[no-untyped-call]
    return float(worst_r_hat), float(bulk), float(tail)


def padded(values: FloatArray, width: int) -> FloatArray:
    """Append columns of zeros (or zeros) up to `width`: their coefficients keep their prior and touch nothing."""
    missing = width - values.shape[-1]
    if missing < 0:
        msg = f"{values.shape[-1]} columns do not fit into {width}"
        raise ValueError(msg)
    return np.concatenate([values, np.zeros((*values.shape[:-1], missing))], axis=-1)

"""The base of every sampled model: compile once per shape, sample, check convergence, and retry once.

PyMC, nutpie and ArviZ are imported inside the functions: importing them takes seconds, which a run without new data
does not need.
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

# The limits that Vehtari et al. recommend (2021, doi:10.1214/20-BA1221), for four chains.
MAX_R_HAT = 1.01
MIN_ESS = 400.0


@dataclass(frozen=True)
class Diagnostics:
    """Convergence of a fit: the worst R-hat and the smallest effective sample sizes over all parameters.

    Attributes
    ----------
    r_hat, ess_bulk, ess_tail : float
        Largest R-hat, smallest effective sample size in bulk and in the tails.
    divergences : int
        Number of divergent transitions.
    chains, draws : int
        Number of chains, and of draws in each.
    attempts : int
        1, or 2 where the first attempt failed.
    seconds : float
        Duration of all attempts.
    """

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
        ess = min(self.ess_bulk, self.ess_tail)
        if not ess > MIN_ESS:
            return f"effective sample size {ess:.0f}, wanted above {MIN_ESS:.0f}"
        return None

    def as_json(self) -> dict[str, float | int | None]:
        """Plain numbers; None where a number is not finite, which JSON cannot express."""
        numbers: dict[str, float | int | None] = asdict(self)
        for name, number in numbers.items():
            if number is not None and not np.isfinite(number):
                numbers[name] = None
        return numbers


@dataclass(frozen=True)
class Fit:
    """Posterior draws with their diagnostics, labels and data.

    Attributes
    ----------
    draws : Mapping[str, FloatArray]
        By variable, one chain after the other; shape (draws of all chains, …).
    diagnostics : Diagnostics
        Whether the draws may be used: `Diagnostics.problem` is None then.
    dims, coords : Mapping
        Names of each variable's axes after the draws, and the labels along them.
    data : Mapping[str, Mapping[str, np.ndarray]]
        The fitted data, by group (`observed_data`, `constant_data`) and name.
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
        """Add variables that are derived from the draws, and the fitted data."""
        return Fit(
            {**self.draws, **draws}, self.diagnostics, {**self.dims, **dims}, {**self.coords, **coords}, data
        )


class RegressionModel(ABC):
    """A regression with AR(1) errors, exact over gaps, sampled by NUTS.

    Parameters
    ----------
    model_config : Mapping[str, Prior], optional
        Priors that differ from `default_model_config`, by the names of the parameters.
    sampler_config : Mapping[str, Any], optional
        Settings that differ from `default_sampler_config`.

    Raises
    ------
    ValueError
        If a prior is of a parameter that the model does not have.
    """

    default_model_config: ClassVar[Mapping[str, Prior]] = {}
    # Two chains at a time, for two cores. 4 x 1000 draws leave every ESS well above 400 on all designs tried.
    default_sampler_config: ClassVar[Mapping[str, Any]] = {
        "draws": 1000,
        "tune": 500,
        "chains": 4,
        "cores": 2,
        "target_accept": 0.9,
        "seed": 2614,
    }
    # Factors of draws and warm-up in the second attempt. Too few effective draws need more of them; divergences need
    # shorter steps, which cost as much again.
    more_draws: ClassVar[Mapping[str, float]] = {"draws": 5.0, "tune": 2.0}
    shorter_steps: ClassVar[Mapping[str, float]] = {"draws": 2.5, "tune": 3.0}
    _compiled: ClassVar[dict[tuple[object, ...], Any]] = {}
    _compiling: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self, model_config: Mapping[str, Prior] | None = None, sampler_config: Mapping[str, Any] | None = None
    ) -> None:
        if unknown := set(model_config or {}) - set(self.default_model_config):
            msg = (
                f"{type(self).__name__} has no parameter “{min(unknown)}”: "
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
        # Another thread may be compiling it ahead of its use: this one waits for it.
        with self._compiling:
            if key not in self._compiled:
                import nutpie
                import pytensor

                # Only the function of initial points uses this mode: to interpret it saves seconds of compilation.
                with pytensor.config.change_flags(mode="FAST_COMPILE"):
                    self._compiled[key] = nutpie.compile_pymc_model(self.build_model(), backend="numba")
            return self._compiled[key]

    def sample(self, data: Mapping[str, FloatArray]) -> Fit:
        """Sample given data; a fit that fails its diagnostics is repeated once with stricter settings.

        Parameters
        ----------
        data : Mapping[str, FloatArray]
            By the names of the model's data.
        """
        started = time.perf_counter()
        compiled = self.compile().with_data(**data)
        first = sample_once(compiled, self.sampler_config)
        if first.diagnostics.problem is None:
            return first
        second = sample_once(compiled, self._retry_config(first.diagnostics))
        seconds = time.perf_counter() - started
        return replace(second, diagnostics=replace(second.diagnostics, attempts=2, seconds=seconds))

    def _retry_config(self, first: Diagnostics) -> dict[str, Any]:
        """Settings of the second attempt, by the problem of the first one."""
        config = dict(self.sampler_config)
        factors = self.shorter_steps if first.divergences else self.more_draws
        for name, factor in factors.items():
            config[name] = int(config[name] * factor)
        if first.divergences:
            # 0.99 halves the step and more: if transitions still diverge, the model is at fault and not the sampler.
            config["target_accept"] = max(0.99, float(config["target_accept"]))
        config["seed"] += 1
        return config


def sample_once(compiled: Any, settings: Mapping[str, Any]) -> Fit:
    """Sample a compiled model that has its data, without a second attempt.

    Parameters
    ----------
    compiled : nutpie.CompiledModel
        From `RegressionModel.compile`, with its data.
    settings : Mapping[str, Any]
        See `RegressionModel.default_sampler_config`.
    """
    import nutpie

    started = time.perf_counter()
    tree = nutpie.sample(compiled, progress_bar=False, save_warmup=False, **settings)
    posterior = {name: np.asarray(values) for name, values in tree["posterior"].data_vars.items()}
    divergences = int(np.asarray(tree["sample_stats"]["diverging"]).sum())
    r_hat, bulk, tail = convergence(posterior)
    chains, draws = next(iter(posterior.values())).shape[:2]
    seconds = time.perf_counter() - started
    return Fit(
        draws={name: values.reshape(-1, *values.shape[2:]) for name, values in posterior.items()},
        diagnostics=Diagnostics(r_hat, bulk, tail, divergences, chains, draws, 1, seconds),
        dims={str(name): values.dims[2:] for name, values in tree["posterior"].data_vars.items()},
    )


def convergence(posterior: Mapping[str, FloatArray]) -> tuple[float, float, float]:
    """Worst R-hat, bulk and tail ESS over all parameters (Vehtari et al. 2021, doi:10.1214/20-BA1221).

    NaN, from chains that never moved, counts as the worst.

    Parameters
    ----------
    posterior : Mapping[str, FloatArray]
        Draws by variable, shape (chains, draws, …).
    """
    from arviz_stats.base import array_stats  # type: ignore[attr-defined]

    stacked = np.concatenate([values.reshape(*values.shape[:2], -1) for values in posterior.values()], axis=2)
    axes = {"chain_axis": 0, "draw_axis": 1}
    worst_r_hat = np.max(array_stats.rhat(stacked, **axes))  # type: ignore[no-untyped-call]
    bulk = np.min(array_stats.ess(stacked, method="bulk", **axes))  # type: ignore[no-untyped-call]
    tail = np.min(array_stats.ess(stacked, method="tail", prob=(0.05, 0.95), **axes))  # type: ignore[no-untyped-call]
    return float(worst_r_hat), float(bulk), float(tail)


def padded(values: FloatArray, width: int) -> FloatArray:
    """Append zeros on the last axis up to `width`: coefficients of padding keep their prior and change nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from santorio.stats.sampler import padded
    >>> padded(np.ones(2), 4)
    array([1., 1., 0., 0.])
    """
    missing = width - values.shape[-1]
    if missing < 0:
        msg = f"{values.shape[-1]} columns do not fit into {width}"
        raise ValueError(msg)
    return np.concatenate([values, np.zeros((*values.shape[:-1], missing))], axis=-1)

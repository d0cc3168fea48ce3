"""Fits one outcome of one case by exact inference, on the scale and with the columns that the study asks for.

An outcome that is not Gaussian is approximated here on a scale on which it nearly is; `checks` warns of it.
`sampled_fit` has the models with a likelihood of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.stats.design_matrix import EFFECT_SD, Columns, TrialDesign, gaps, with_columns
from santorio.stats.effect_priors import CarryOver
from santorio.stats.exact_inference import RegressionPosterior, fit_exact, whiten
from santorio.stats.quadrature import carry_over_rule
from santorio.studies.outcomes import ScaleName

# Nodes of less weight change no digit that is reported.
NEGLIGIBLE = 3e-4
# Effects in studies of people's own may be many times a day's spread (a filter and dust): the trial model's
# Normal(0, 1) has a wide component beside it, which takes over where the data asks for it.
EFFECT_PRIOR = ((0.8, EFFECT_SD), (0.2, 4 * EFFECT_SD))
# So wide that the posterior is the likelihood's, which is what pooling needs: no prior may count once per case.
FLAT_EFFECT_PRIOR = ((1.0, 10 * EFFECT_SD),)
# Below it a departure of a cycle is 0, and its precision finite.
MIN_TAU = 1e-3


@dataclass(frozen=True)
class Scale:
    """The scale an outcome is analysed on: `center` and `spread` are the reference arm's, on that scale."""

    name: ScaleName
    center: float
    spread: float
    offset: float = 0.0

    def forward(self, values: FloatArray) -> FloatArray:
        """From the outcome's unit to the scale of the analysis."""
        if self.name == "log":
            # NaN, a missing value, stays NaN.
            with np.errstate(invalid="ignore"):
                return np.log(values + self.offset)
        if self.name == "square root":
            return np.sqrt(values)
        return values

    def back(self, value: float) -> float:
        """From the scale of the analysis to the outcome's unit."""
        if self.name == "log":
            return float(np.exp(value)) - self.offset
        if self.name == "square root":
            return max(value, 0.0) ** 2
        return value

    def in_unit(self, effect: float) -> float:
        """Convert an effect on the scale of the analysis to the outcome's unit, from the reference's level."""
        return self.back(self.center + effect) - self.back(self.center)

    def from_unit(self, effect: float) -> float:
        """Convert an effect in the outcome's unit to the scale of the analysis; -∞ below what is possible."""
        level = self.back(self.center) + effect
        if self.name == "natural":
            return effect
        if level + self.offset <= 0:
            return -np.inf
        return float(self.forward(np.array([level]))[0]) - self.center


@dataclass(frozen=True)
class Fit:
    """Posterior of one case: a mixture of exact ones over the carry-over λ and the components of the effect's prior.

    Attributes
    ----------
    weights : FloatArray
        Posterior weight of each component of the mixture.
    posteriors : list[RegressionPosterior]
        In units of `spread`, given the component.
    carry_over, wide : FloatArray, NDArray[np.bool_]
        λ of each component, and whether it has the wide prior.
    standard : FloatArray
        The fitted values, standardised.
    spread : float
        Standard deviation of the reference on the scale of the analysis.
    """

    weights: FloatArray
    posteriors: list[RegressionPosterior]
    carry_over: FloatArray
    wide: NDArray[np.bool_]
    standard: FloatArray
    spread: float

    def mean(self, name: str) -> float:
        """Posterior mean of a coefficient."""
        return self.spread * float(self.weights @ self._means(name))

    def sd(self, name: str) -> float:
        """Posterior standard deviation of a coefficient, by the moments of the mixture."""
        means = self._means(name)
        second = np.array([posterior.sd(name)[0] ** 2 for posterior in self.posteriors]) + means**2
        variance = float(self.weights @ second - (self.weights @ means) ** 2)
        return self.spread * float(np.sqrt(max(variance, 0.0)))

    def _means(self, name: str) -> FloatArray:
        return np.array([posterior.mean(name)[0] for posterior in self.posteriors])

    def below(self, name: str, value: float, *, next_cycle: bool = False) -> float:
        """P(coefficient < value); with `next_cycle` as another cycle would show it."""
        if np.isinf(value):
            return float(value > 0)
        standard = value / self.spread
        below = [posterior.below(name, standard, next_cycle=next_cycle)[0] for posterior in self.posteriors]
        return float(self.weights @ below)

    def combinations(self, factors: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
        """Mean and standard deviation of weighted sums of coefficients, which depend on their correlations.

        Parameters
        ----------
        factors : Sequence[Mapping[str, float]]
            Of each sum, the factor of each coefficient by its name.
        """
        moments = np.zeros((2, len(factors)))
        total = 0.0
        for weight, posterior in zip(self.weights, self.posteriors, strict=True):
            vectors = _factor_vectors(posterior.columns, factors)
            # Given a node (ρ and τ), coefficients are jointly Student-t; the sums' moments are averaged over nodes.
            for node in np.flatnonzero(posterior.weights[:, 0] * weight > NEGLIGIBLE):
                node_weight = float(weight * posterior.weights[node, 0])
                mean = posterior.location[node, :, 0] @ vectors
                second = mean**2 + _variances(posterior, int(node), vectors)
                moments += node_weight * np.array([mean, second])
                total += node_weight
        mean, second = moments / total
        sd = np.sqrt(np.maximum(second - mean**2, 0.0))
        in_spread = zip((self.spread * mean).tolist(), (self.spread * sd).tolist(), strict=True)
        return list(in_spread)

    @property
    def rho(self) -> tuple[float, float, float]:
        """Correlation of a row with the next: mean and 95 % interval."""
        node_weights = []
        for weight, posterior in zip(self.weights, self.posteriors, strict=True):
            node_weights.append(weight * posterior.weights[:, 0])
        weights = np.concatenate(node_weights)
        values = np.concatenate([posterior.rho for posterior in self.posteriors])
        order = np.argsort(values)
        cumulative = np.cumsum(weights[order])
        # Rounding may leave the sum of the weights just below 0.975.
        ends = np.minimum(np.searchsorted(cumulative, [0.025, 0.975]), len(order) - 1)
        lower, upper = values[order][ends]
        return float(weights @ values), float(lower), float(upper)

    @property
    def sigma(self) -> float:
        """Spread of a row around what the model expects, on the scale of the analysis."""
        sigmas = [posterior.sigma_mean()[0] for posterior in self.posteriors]
        return self.spread * float(self.weights @ sigmas)

    @property
    def wide_weight(self) -> float:
        """Posterior weight of the wide component of the effect's prior; its prior weight is 0.2."""
        return float(self.weights[self.wide].sum())

    @property
    def carry_over_mean(self) -> float:
        """Posterior mean of λ."""
        return float(self.weights @ self.carry_over)


def _factor_vectors(columns: Columns, factors: Sequence[Mapping[str, float]]) -> FloatArray:
    """Factors of all coefficients, a column per sum."""
    vectors = np.zeros((len(columns.names), len(factors)))
    for number, factor in enumerate(factors):
        for name, times in factor.items():
            vectors[columns.index(name), number] = times
    return vectors


def _variances(posterior: RegressionPosterior, node: int, vectors: FloatArray) -> FloatArray:
    """Variance of each sum given a node: a'(X'X + P)⁻¹a times the variance of a Student-t."""
    columns = posterior.columns
    white, _ = whiten(columns.values, columns.gap_days, float(posterior.rho[node]))
    tau = max(posterior.tau[node], MIN_TAU)
    prior_sd = np.where(columns.pooled, columns.prior_sd * tau, columns.prior_sd)
    solved = np.linalg.solve(white.T @ white + np.diag(prior_sd**-2.0), vectors)
    scale, degrees = posterior.scale[node, 0], posterior.degrees[node]
    return np.asarray((vectors * solved).sum(axis=0) * scale**2 * degrees / (degrees - 2))


@dataclass(frozen=True)
class CaseDesign:
    """Rows of one case as the model sees them.

    Attributes
    ----------
    design : TrialDesign
        Days, arms, cycles, and which rows enter the likelihood.
    dose : FloatArray or None
        Dose of every row, as a share of the highest above the reference; then there is one effect, that of the highest.
    """

    design: TrialDesign
    dose: FloatArray | None = None

    def columns(self, carry_over: float, effect_sd: float = EFFECT_SD) -> Columns:
        """Columns of the observed rows at a carry-over λ."""
        if self.dose is None:
            columns = self.design.columns(carry_over)
        else:
            exposure = dose_exposure(self.design.day, self.dose, carry_over)[self.design.observed]
            columns = with_columns(
                self.design.background(), exposure[:, None], np.array([EFFECT_SD]), ["arm_1"]
            )
            cycle, cycles = self.design.cycle[self.design.observed], self.design.cycles
            if cycles > 1:
                # The departure of the effect in each cycle.
                inside = exposure[:, None] * (cycle[:, None] == np.arange(cycles)[None, :])
                names = [f"arm_1_cycle_{number}" for number in range(cycles)]
                columns = with_columns(columns, inside, np.ones(cycles), names, pooled=True)
        effects = [name.startswith("arm_") and "cycle" not in name for name in columns.names]
        prior_sd = np.where(effects, effect_sd, columns.prior_sd)
        return Columns(columns.values, prior_sd, columns.pooled, columns.names, columns.gap_days)


def dose_exposure(day: IntArray, dose: FloatArray, carry_over: float) -> FloatArray:
    """Effective exposure to a dose: e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) d_t."""
    if carry_over == 0:
        return dose
    # λ^Δ, Δ the days since the previous row.
    retained = carry_over ** gaps(day)
    exposure, previous = np.empty(len(dose)), 0.0
    for t, current in enumerate(dose):
        previous = retained[t] * previous + (1 - retained[t]) * current
        exposure[t] = previous
    return exposure


def fit_case(
    case: CaseDesign,
    values: FloatArray,
    scale: Scale,
    *,
    carry_over: CarryOver | None = None,
    effect_prior: Sequence[tuple[float, float]] = EFFECT_PRIOR,
) -> Fit:
    """Fit one outcome of one case.

    Parameters
    ----------
    values : FloatArray
        Outcome of every row, in its unit.
    effect_prior : Sequence
        Weight and standard deviation of each component of the prior of an arm's effect, in units of σ.
    """
    observed = case.design.observed
    standard = (scale.forward(values[observed]) - scale.center) / scale.spread
    rule = carry_over_rule(carry_over, len(standard))
    posteriors, log_weights, nodes, wide = [], [], [], []
    for node, log_weight in zip(rule.nodes, rule.log_weights, strict=True):
        for weight, sd in effect_prior:
            posterior = fit_exact(case.columns(float(node), sd), standard)
            posteriors.append(posterior)
            # Bayes: prior weight times marginal likelihood.
            log_weights.append(log_weight + np.log(weight) + posterior.log_evidence[0])
            nodes.append(float(node))
            wide.append(sd > EFFECT_SD)
    weights = np.exp(np.array(log_weights) - np.logaddexp.reduce(log_weights))
    return Fit(weights, posteriors, np.array(nodes), np.array(wide), standard, scale.spread)


def without_background(case: CaseDesign, values: FloatArray, scale: Scale) -> FloatArray:
    """Outcome of every row less trend and week, which are estimated without the arms; NaN where unknown.

    An adjustment that ignores the arms leaves a randomisation test exact, and removes noise from it.
    """
    observed = case.design.observed
    standard = (scale.forward(values[observed]) - scale.center) / scale.spread
    background = fit_exact(case.design.background(), standard).fitted()
    residual = np.full(len(observed), np.nan)
    residual[observed] = (standard - background) * scale.spread
    return residual


def quantile_of(below: Callable[[float], float], mean: float, sd: float, probability: float) -> float:
    """Quantile of a distribution that is known by its distribution function, by bisection."""
    # Sixty halvings of 80 standard deviations are beyond the digits of a float.
    low, high = mean - 40 * sd, mean + 40 * sd
    for _ in range(60):
        middle = (low + high) / 2
        if below(middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2

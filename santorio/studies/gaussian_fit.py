"""One outcome of one case, fitted by the exact engine; on the scale and with the columns that the study asks for.

What is not Gaussian is approximated here by something that is, and says so; a model with a likelihood of its own can
take this module's place without the rest knowing.
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

# Nodes of less weight move no digit that is told.
NEGLIGIBLE = 3e-4
# Effects of things that people bring along may be many times a day's spread (a filter and dust): the trial model's
# Normal(0, 1) has a wide part beside it, which takes over where the data asks for it.
EFFECT_PRIOR = ((0.8, EFFECT_SD), (0.2, 4 * EFFECT_SD))
# So wide that the posterior is the likelihood's, which is what pooling needs: no prior may count once a case.
FLAT_EFFECT_PRIOR = ((1.0, 10 * EFFECT_SD),)


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
            with np.errstate(invalid="ignore"):
                return np.log(values + self.offset)
        return np.sqrt(values) if self.name == "square root" else values

    def back(self, value: float) -> float:
        """From the scale of the analysis to the outcome's unit."""
        if self.name == "log":
            return float(np.exp(value)) - self.offset
        return max(value, 0.0) ** 2 if self.name == "square root" else value

    def in_unit(self, effect: float) -> float:
        """What an effect on the scale of the analysis amounts to in the outcome's unit, from the reference's level."""
        return self.back(self.center + effect) - self.back(self.center)

    def from_unit(self, effect: float) -> float:
        """Effect on the scale of the analysis that amounts to this in the unit; -∞ below what is possible."""
        level = self.back(self.center) + effect
        if self.name == "natural":
            return effect
        if level + self.offset <= 0:
            return -np.inf
        return float(self.forward(np.array([level]))[0]) - self.center


@dataclass(frozen=True)
class Fit:
    """Posterior of one case: a mixture of exact ones over the carry-over λ and the parts of the effect's prior."""

    weights: FloatArray
    posteriors: list[RegressionPosterior]
    carry_over: FloatArray
    wide: NDArray[np.bool_]
    standard: FloatArray
    spread: float

    def mean(self, name: str) -> float:
        """Posterior mean of a coefficient."""
        return self.spread * float(self.weights @ [posterior.mean(name)[0] for posterior in self.posteriors])

    def sd(self, name: str) -> float:
        """Posterior standard deviation of a coefficient."""
        means = np.array([posterior.mean(name)[0] for posterior in self.posteriors])
        second = np.array([posterior.sd(name)[0] ** 2 for posterior in self.posteriors]) + means**2
        return self.spread * float(np.sqrt(max(self.weights @ second - (self.weights @ means) ** 2, 0.0)))

    def below(self, name: str, value: float, *, next_cycle: bool = False) -> float:
        """P(coefficient < value); with `next_cycle` as another cycle would show it."""
        if np.isinf(value):
            return float(value > 0)
        at = value / self.spread
        each = [posterior.below(name, at, next_cycle=next_cycle)[0] for posterior in self.posteriors]
        return float(self.weights @ each)

    def combinations(self, factors: Sequence[Mapping[str, float]]) -> list[tuple[float, float]]:
        """Mean and standard deviation of weighted sums of coefficients, which columns alone do not tell."""
        moments = np.zeros((2, len(factors)))
        kept = 0.0
        for weight, posterior in zip(self.weights, self.posteriors, strict=True):
            vectors = np.zeros((len(posterior.columns.names), len(factors)))
            for number, factor in enumerate(factors):
                for name, times in factor.items():
                    vectors[posterior.columns.index(name), number] = times
            for node in np.flatnonzero(posterior.weights[:, 0] * weight > NEGLIGIBLE):
                share = float(weight * posterior.weights[node, 0])
                mean = posterior.location[node, :, 0] @ vectors
                moments += share * np.array([mean, mean**2 + _variances(posterior, int(node), vectors)])
                kept += share
        mean, second = moments / kept
        sd = np.sqrt(np.maximum(second - mean**2, 0.0))
        return [(self.spread * float(a), self.spread * float(b)) for a, b in zip(mean, sd, strict=True)]

    @property
    def rho(self) -> tuple[float, float, float]:
        """Correlation of a row with the next: mean and 95 % interval."""
        values = np.concatenate([posterior.rho for posterior in self.posteriors])
        weights = np.concatenate(
            [
                weight * posterior.weights[:, 0]
                for weight, posterior in zip(self.weights, self.posteriors, strict=True)
            ]
        )
        order = np.argsort(values)
        cumulated = np.cumsum(weights[order])
        lower, upper = values[order][np.minimum(np.searchsorted(cumulated, [0.025, 0.975]), len(order) - 1)]
        return float(weights @ values), float(lower), float(upper)

    @property
    def sigma(self) -> float:
        """Spread of a row around what the model expects, on the scale of the analysis."""
        return self.spread * float(
            self.weights @ [posterior.sigma_mean()[0] for posterior in self.posteriors]
        )

    @property
    def wide_weight(self) -> float:
        """Weight after the data of the wide part of the effect's prior; 0.2 before it."""
        return float(self.weights[self.wide].sum())

    @property
    def carry_over_mean(self) -> float:
        """Posterior mean of λ."""
        return float(self.weights @ self.carry_over)


def _variances(posterior: RegressionPosterior, node: int, vectors: FloatArray) -> FloatArray:
    columns = posterior.columns
    white, _ = whiten(columns.values, columns.gap_days, float(posterior.rho[node]))
    prior_sd = np.where(columns.pooled, columns.prior_sd * max(posterior.tau[node], 1e-3), columns.prior_sd)
    solved = np.linalg.solve(white.T @ white + np.diag(prior_sd**-2.0), vectors)
    return np.asarray(
        (vectors * solved).sum(axis=0)
        * posterior.scale[node, 0] ** 2
        * posterior.degrees[node]
        / (posterior.degrees[node] - 2)
    )


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
                inside = exposure[:, None] * (cycle[:, None] == np.arange(cycles)[None, :])
                names = [f"arm_1_cycle_{cycle}" for cycle in range(cycles)]
                columns = with_columns(columns, inside, np.ones(cycles), names, pooled=True)
        effects = [name.startswith("arm_") and "cycle" not in name for name in columns.names]
        prior_sd = np.where(effects, effect_sd, columns.prior_sd)
        return Columns(columns.values, prior_sd, columns.pooled, columns.names, columns.gap_days)


def dose_exposure(day: IntArray, dose: FloatArray, carry_over: float) -> FloatArray:
    """Effective exposure to a dose: e_t = λ^Δ e_{t-Δ} + (1-λ^Δ) d_t."""
    if carry_over == 0:
        return dose
    kept = carry_over ** gaps(day)
    exposure, felt = np.empty(len(dose)), 0.0
    for t, now in enumerate(dose):
        felt = kept[t] * felt + (1 - kept[t]) * now
        exposure[t] = felt
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
        Weight and standard deviation of each part of the prior of an arm's effect, in units of σ.
    """
    observed = case.design.observed
    standard = (scale.forward(values[observed]) - scale.center) / scale.spread
    rule = carry_over_rule(carry_over, len(standard))
    parts = [
        (float(node), log_weight + np.log(weight), sd)
        for node, log_weight in zip(rule.nodes, rule.log_weights, strict=True)
        for weight, sd in effect_prior
    ]
    posteriors = [fit_exact(case.columns(node, sd), standard) for node, _, sd in parts]
    evidence = np.array([log_weight for _, log_weight, _ in parts])
    evidence += [posterior.log_evidence[0] for posterior in posteriors]
    weights = np.exp(evidence - np.logaddexp.reduce(evidence))
    wide = np.array([sd > EFFECT_SD for _, _, sd in parts])
    return Fit(weights, posteriors, np.array([node for node, _, _ in parts]), wide, standard, scale.spread)


def without_background(case: CaseDesign, values: FloatArray, scale: Scale) -> FloatArray:
    """Outcome of every row less trend and week, which are estimated without the arms; NaN where unknown.

    What does not know the arms leaves a randomisation test exact, and takes noise out of it.
    """
    observed = case.design.observed
    standard = (scale.forward(values[observed]) - scale.center) / scale.spread
    left = np.full(len(observed), np.nan)
    left[observed] = (standard - fit_exact(case.design.background(), standard).fitted()) * scale.spread
    return left


def quantile_of(below: Callable[[float], float], mean: float, sd: float, probability: float) -> float:
    """Quantile of a distribution that is known by its distribution function, by bisection."""
    low, high = mean - 40 * sd, mean + 40 * sd
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < probability else (low, middle)
    return (low + high) / 2

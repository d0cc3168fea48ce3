"""The exact posterior of a regression: a mixture of Student-t distributions over the nodes of a quadrature."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.stats.quadrature import PriorRule, Rule

# A node with less than this share of every outcome's posterior is skipped.
NEGLIGIBLE = 1e-8
# Points at which the distribution function of ρ, λ or τ is summed up.
FINE_STEPS = 2001


def student_t_below(degrees: float, t: FloatArray) -> FloatArray:
    """Distribution function of Student's t, in the shape of `t`; normal where `degrees` is infinite.

    Hill's normal deviate (1970, Algorithm 395 of the ACM): three times as fast as SciPy's `stdtr`, and from eight
    degrees of freedom on within 3e-9 of it. With fewer `stdtr` is used.
    """
    from scipy.special import ndtr, stdtr

    if np.isinf(degrees):
        return np.asarray(ndtr(t))
    if degrees < 8:
        return np.asarray(stdtr(degrees, t))
    # The names are those of the published algorithm.
    a = degrees - 0.5
    b = 48 * a**2
    # In place: arrays are larger than the processor's cache.
    square = t * t
    square /= degrees
    np.log1p(square, out=square)
    square *= a
    correction = -0.4 * square
    for term in (-3.3, -24):
        correction += term
        correction *= square
    correction -= 85.5
    correction /= 0.8 * square**2 + (100 + b)
    correction += square
    correction += 3
    correction /= b
    correction += 1
    np.sqrt(square, out=square)
    square *= correction
    return np.asarray(ndtr(np.copysign(square, t, out=square), out=square))


@dataclass(frozen=True)
class ExactPosterior:
    """Posterior of coefficients, in the outcome's standardised unit; of one outcome, or of several with one design.

    Attributes
    ----------
    names : tuple[str, ...]
        The coefficients that are kept: of a trial `arm_1` and so on.
    rho, carry_over, tau : FloatArray
        ρ, λ and τ of each node, shape (nodes,).
    component : IntArray
        Component of the effects' prior that a node belongs to, shape (nodes, arms - 1).
    log_weights : FloatArray
        Logarithm of each node's posterior weight, shape (nodes, outcomes).
    location : FloatArray
        Centre of each coefficient, shape (nodes, coefficients, outcomes).
    spread : FloatArray
        Scale of each coefficient in units of σ, shape (nodes, coefficients).
    scale : FloatArray
        Student-t scale of σ, or σ itself at nodes that are normal, shape (nodes, outcomes).
    degrees : FloatArray
        Degrees of freedom of each node, infinite at nodes that are normal, shape (nodes,).
    log_evidence : FloatArray
        Log density of each outcome's days before they are seen, shape (outcomes,).
    rho_rule, carry_over_rule, tau_rule : Rule
        The rules of quadrature that the nodes come from.
    """

    names: tuple[str, ...]
    rho: FloatArray
    carry_over: FloatArray
    tau: FloatArray
    component: IntArray
    log_weights: FloatArray
    location: FloatArray
    spread: FloatArray
    scale: FloatArray
    degrees: FloatArray
    log_evidence: FloatArray
    rho_rule: Rule
    carry_over_rule: Rule
    tau_rule: Rule

    @cached_property
    def weights(self) -> FloatArray:
        """Posterior weight of each node, shape (nodes, outcomes)."""
        return np.exp(self.log_weights)

    @cached_property
    def _relevant(self) -> IntArray | slice:
        """The nodes that are not negligible."""
        relevant = np.flatnonzero(self.weights.max(axis=1) > NEGLIGIBLE)
        if len(relevant) == len(self.weights):
            # A slice selects all of them without a copy.
            return slice(None)
        return relevant

    def mean(self, column: str) -> FloatArray:
        """Posterior mean of a coefficient, shape (outcomes,)."""
        return np.asarray((self.weights * self.location[:, self.names.index(column)]).sum(axis=0))

    def sd(self, column: str) -> FloatArray:
        """Posterior standard deviation of a coefficient, shape (outcomes,)."""
        j = self.names.index(column)
        # Variance of Student's t in units of its squared scale; 1 where it is normal.
        inflate = (1 / (1 - 2 / self.degrees))[:, None]
        centred = self.location[:, j] - self.mean(column)
        variance = inflate * (self.spread[:, j, None] * self.scale) ** 2 + centred**2
        return np.asarray(np.sqrt((self.weights * variance).sum(axis=0)))

    def below(self, column: str, value: float | FloatArray, *, next_cycle: bool = False) -> FloatArray:
        """P(coefficient < value), shape (outcomes,).

        Parameters
        ----------
        value : float or FloatArray
            One value, or one for each outcome, shape (outcomes,).
        next_cycle : bool
            Whether it is the probability of the coefficient in a further cycle, which departs by τ.
        """
        j, relevant = self.names.index(column), self._relevant
        spread = self.spread[relevant, j]
        if next_cycle:
            spread = np.hypot(spread, self.tau[relevant])
        t = (value - self.location[relevant, j]) / (spread[:, None] * self.scale[relevant])
        weights, distinct_degrees = self.weights[relevant], np.unique(self.degrees[relevant])
        if len(distinct_degrees) == 1:
            return np.asarray(np.einsum("ij,ij->j", weights, student_t_below(float(distinct_degrees[0]), t)))
        # With a mixture prior some components are Student-t, and those with a mean are normal.
        total = np.zeros(t.shape[1])
        for degrees in distinct_degrees:
            nodes = self.degrees[relevant] == degrees
            total += (weights[nodes] * student_t_below(float(degrees), t[nodes])).sum(axis=0)
        return total

    def quantile(self, column: str, probability: float) -> FloatArray:
        """Quantile of a coefficient, by bisection of the mixture's distribution function; shape (outcomes,)."""
        half = 40 * self.sd(column)
        low, high = self.mean(column) - half, self.mean(column) + half
        for _ in range(60):
            middle = (low + high) / 2
            under = self.below(column, middle) < probability
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)

    def interval_95(self, column: str) -> tuple[float, float]:
        """The 95 % interval of a coefficient, of a fit to one outcome."""
        lower, upper = self.quantile(column, 0.025), self.quantile(column, 0.975)
        return float(lower[0]), float(upper[0])

    def draw(self, column: str, draws: int, rng: np.random.Generator) -> FloatArray:
        """Independent draws of a coefficient, shape (draws, outcomes)."""
        j, outcomes = self.names.index(column), self.weights.shape[1]
        values = np.empty((draws, outcomes))
        for i in range(outcomes):
            weights = self.weights[:, i]
            node = rng.choice(len(weights), size=draws, p=weights / weights.sum())
            degrees = self.degrees[node]
            # Student's t is a normal variable over the root of a scaled χ² variable.
            noise = rng.normal(size=draws)
            heavy = np.isfinite(degrees)
            noise[heavy] /= np.sqrt(rng.chisquare(degrees[heavy]) / degrees[heavy])
            values[:, i] = self.location[node, j, i] + self.spread[node, j] * self.scale[node, i] * noise
        return values

    def prior_weights(self, arm: int = 1) -> FloatArray:
        """Weight of each component of an arm's prior after the data, shape (components, outcomes).

        Compared with the weights before the data they show whether prior and data conflict.
        """
        component = self.component[:, arm - 1]
        components = int(component.max()) + 1
        return np.stack([self.weights[component == i].sum(axis=0) for i in range(components)])

    def rho_mean(self) -> FloatArray:
        """Posterior mean of the day-to-day correlation ρ, shape (outcomes,)."""
        return np.asarray((self.weights * self.rho[:, None]).sum(axis=0))

    def carry_over_mean(self) -> FloatArray:
        """Posterior mean of λ, the share of yesterday's exposure that is still effective; shape (outcomes,)."""
        return np.asarray((self.weights * self.carry_over[:, None]).sum(axis=0))

    def sigma_mean(self) -> FloatArray:
        """Posterior mean of σ, the spread of a day around what the model expects; shape (outcomes,)."""
        from scipy.special import gammaln

        # Mean of the root of an inverse gamma variable, in units of its scale.

        ratio = np.ones(len(self.degrees))
        heavy = np.isfinite(self.degrees)
        shape = self.degrees[heavy] / 2
        ratio[heavy] = np.exp(gammaln(shape - 0.5) - gammaln(shape)) * np.sqrt(shape)
        return np.asarray((self.weights * self.scale * ratio[:, None]).sum(axis=0))

    def sigma_below(self, value: float | FloatArray) -> FloatArray:
        """P(σ < value), shape (outcomes,).

        Raises
        ------
        ValueError
            If the effects' prior has a mean other than 0: σ then is a sum over nodes and has no smooth function.
        """
        from scipy.special import gammaincc

        if np.isinf(self.degrees).any():
            msg = "σ has a distribution function only where the effects' prior is centred on zero"
            raise ValueError(msg)
        shape = self.degrees[:, None] / 2
        return np.asarray((self.weights * gammaincc(shape, shape * (self.scale / value) ** 2)).sum(axis=0))

    def rho_below(self, value: float | FloatArray) -> FloatArray:
        """P(ρ < value), shape (outcomes,)."""
        return self._below(self.rho_rule, self.rho, value)

    def carry_over_below(self, value: float | FloatArray) -> FloatArray:
        """P(λ < value), shape (outcomes,).

        Raises
        ------
        TypeError
            If the model has no carry-over.
        """
        return self._below(self.carry_over_rule, self.carry_over, value)

    def tau_below(self, value: float | FloatArray) -> FloatArray:
        """P(τ < value), shape (outcomes,).

        Raises
        ------
        TypeError
            If the design has one cycle.
        """
        return self._below(self.tau_rule, self.tau, value)

    def _below(self, rule: Rule, node_value: FloatArray, value: float | FloatArray) -> FloatArray:
        """Distribution function of a parameter that is summed over nodes, `node_value` being its value at each.

        Between nodes a spline interpolates the logarithm of its likelihood, which is smooth; its prior is exact.
        """
        from scipy.interpolate import CubicSpline

        if not isinstance(rule, PriorRule):
            msg = "this model does not estimate it: λ needs carry-over, and τ more than one cycle"
            raise TypeError(msg)
        # Posterior mass at each value of the parameter, summed over all others.
        mass = np.stack(
            [np.logaddexp.reduce(self.log_weights[node_value == node], axis=0) for node in rule.nodes]
        )
        likelihood = CubicSpline(rule.angle(rule.nodes), mass - rule.log_weights[:, None], axis=0)
        probability = np.linspace(0, 1, FINE_STEPS)
        log_density = likelihood(rule.angle(rule.prior_quantile(probability)))
        density = np.exp(log_density - log_density.max(axis=0))
        # In steps of equal prior probability the trapezoidal rule needs no further weights.
        below = np.concatenate(
            [np.zeros((1, density.shape[1])), np.cumsum(density[1:] + density[:-1], axis=0)]
        )
        cumulative = below / below[-1]
        prior_below = np.broadcast_to(rule.prior_below(value), below.shape[1:])
        return np.array(
            [np.interp(at, probability, column) for at, column in zip(prior_below, cumulative.T, strict=True)]
        )

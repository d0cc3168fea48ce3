r"""A trial's regression with everything integrated out but the arms' effects, for all ρ, λ and τ at once.

Given (ρ, λ, τ) and in units of σ the outcomes of the days are, with B the background's columns and D the exposures of
each arm in each cycle,

    y/σ = B b + D β + η,   b ~ N(0, diag(s²)),   β_{k,c} ~ N(θ_k, τ²),   η ~ N(0, Σ(ρ))

Every inner product x'Σ⁻¹y of an AR(1) with gaps is a sum of few products that do not depend on ρ, one set for each
length of gap. So the days are visited once, not once for each ρ. Integrating b out is a Schur complement, and one
eigendecomposition of what remains for β makes every τ a matter of scaling::

    G = D'Σ⁻¹D - D'Σ⁻¹B (B'Σ⁻¹B + diag(s⁻²))⁻¹ B'Σ⁻¹D = U diag(g) U'
    (Σ + τ²DD' + …)⁻¹  →  G_τ = U diag(g / (1 + τ² g)) U'
"""

from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import Columns


class AutoregressiveProducts:
    """Inner products under the precision of a stationary AR(1) of unit variance, exact over gaps, for several ρ.

    With r_i | r_{i-1} ~ N(φ r_{i-1}, 1-φ²), φ = ρ^Δ::

        x'Σ⁻¹y = x_1 y_1 + Σ_i (x_i - φ x_{i-1}) (y_i - φ y_{i-1}) / (1-φ²)

    Parameters
    ----------
    gap_days : FloatArray
        See `santorio.stats.design_matrix.gaps`, shape (days,).
    rho : FloatArray
        Shape (ρ,).
    """

    def __init__(self, gap_days: FloatArray, rho: FloatArray) -> None:
        gap, self._which, count = np.unique(gap_days[1:], return_inverse=True, return_counts=True)
        phi = rho[:, None] ** gap[None, :]
        variance = 1 - phi**2
        # Factors of the products in `_combined`: first day, day with itself, day before with itself, both across.
        self._factors = np.concatenate(
            [np.ones((len(rho), 1)), 1 / variance, phi**2 / variance, -phi / variance], axis=1
        )
        self._pairs = [np.flatnonzero(self._which == g) for g in range(len(gap))]
        self.log_determinant = np.asarray((np.log(variance) * count).sum(axis=1))

    def between(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Products of columns: (…, days, a) with (…, days, b) gives (ρ, …, a, b)."""
        turned = np.swapaxes(left, -1, -2)
        own, before, across = [], [], []
        for pair in self._pairs:
            now_left, now_right = turned[..., pair + 1], right[..., pair + 1, :]
            then_left, then_right = turned[..., pair], right[..., pair, :]
            own.append(now_left @ now_right)
            before.append(then_left @ then_right)
            across.append(now_left @ then_right + then_left @ now_right)
        first = turned[..., :1] @ right[..., :1, :]
        return self._combined([first, *own, *before, *across])

    def squares(self, values: FloatArray) -> FloatArray:
        """Product of each column with itself: (days, a) gives (ρ, a)."""
        own, before, across = [], [], []
        for pair in self._pairs:
            now, then = values[pair + 1], values[pair]
            own.append((now**2).sum(axis=0))
            before.append((then**2).sum(axis=0))
            across.append(2 * (now * then).sum(axis=0))
        return self._combined([values[0] ** 2, *own, *before, *across])

    def _combined(self, products: list[FloatArray]) -> FloatArray:
        stacked = np.stack(products)
        flat = self._factors @ stacked.reshape(len(products), -1)
        return np.asarray(flat.reshape(-1, *stacked.shape[1:]))


@dataclass(frozen=True)
class Marginal:
    """The likelihood of the arms' effects θ, in units of σ, at each node (ρ, λ, τ).

    Given σ the likelihood is proportional to σ^-days exp(-(residual/σ² - 2 θ'information/σ + θ'precision θ) / 2).

    Attributes
    ----------
    precision : FloatArray
        Shape (ρ, λ, τ, arms - 1, arms - 1).
    information : FloatArray
        Shape (ρ, λ, τ, arms - 1, outcomes).
    residual : FloatArray
        Shape (ρ, λ, τ, outcomes).
    log_determinant : FloatArray
        Of the marginal covariance at θ = 0, in units of σ²; shape (ρ, λ, τ).
    """

    precision: FloatArray
    information: FloatArray
    residual: FloatArray
    log_determinant: FloatArray


def marginalise(
    background: Columns, exposure: FloatArray, outcome: FloatArray, rho: FloatArray, tau: FloatArray
) -> Marginal:
    """Integrate background and cycles out.

    Parameters
    ----------
    background : Columns
        Of the observed days.
    exposure : FloatArray
        Exposure to each arm in each cycle, for each λ; shape (λ, days, arms - 1, cycles).
    outcome : FloatArray
        Shape (days, outcomes).
    rho, tau : FloatArray
        Nodes, shape (ρ,) and (τ,); τ is ignored where there is one cycle.
    """
    carry_overs, days, arms, cycles = exposure.shape
    products = AutoregressiveProducts(background.gap_days, rho)
    values = background.values
    own = exposure.reshape(carry_overs, days, arms * cycles)
    flat = np.ascontiguousarray(own.transpose(1, 0, 2)).reshape(days, -1)
    width = flat.shape[1]
    # Schur complement: integrating b out takes its projection from every product of exposures and outcomes.
    inner = products.between(values, values) + np.diag(background.prior_sd**-2.0)
    across = products.between(values, np.concatenate([flat, outcome], axis=1))
    solved = np.linalg.solve(inner, across)
    turned = np.swapaxes(across[:, :, :width], -1, -2)
    information = products.between(flat, outcome) - turned @ solved[:, :, width:]
    residual = products.squares(outcome) - (across[:, :, width:] * solved[:, :, width:]).sum(axis=1)
    blocks = solved[:, :, :width].reshape(len(rho), -1, carry_overs, arms * cycles).transpose(0, 2, 1, 3)
    gram = products.between(own, own) - turned.reshape(len(rho), carry_overs, arms * cycles, -1) @ blocks
    log_determinant = (
        products.log_determinant + np.linalg.slogdet(inner)[1] + 2 * np.log(background.prior_sd).sum()
    )
    information = information.reshape(len(rho), carry_overs, arms * cycles, -1)
    if cycles == 1:
        return Marginal(
            gram[:, :, None],
            information[:, :, None],
            np.repeat(residual[:, None, None], carry_overs, axis=1),
            np.repeat(log_determinant[:, None, None], carry_overs, axis=1),
        )
    return _pool(gram, information, residual, log_determinant, tau=tau, arms=arms)


def _pool(
    gram: FloatArray,
    information: FloatArray,
    residual: FloatArray,
    log_determinant: FloatArray,
    *,
    tau: FloatArray,
    arms: int,
) -> Marginal:
    """Integrate the cycles' departures out, for every τ by one eigendecomposition."""
    rhos, carry_overs, width, _ = gram.shape
    size, vectors = np.linalg.eigh(gram)
    # Rounding may put an eigenvalue of zero slightly below it.
    size = np.maximum(size, 0.0)
    rotated = np.swapaxes(vectors, -1, -2) @ information
    # Columns are ordered arm by arm, cycle by cycle: an arm's effect acts in all its cycles.
    shared = vectors.reshape(rhos, carry_overs, arms, width // arms, width).sum(axis=3)
    square = (tau**2)[:, None]
    kept = 1 / (1 + square * size[:, :, None, :])
    scaled = shared[:, :, None] * kept[:, :, :, None, :]
    precision = (scaled * size[:, :, None, None, :]) @ np.swapaxes(shared, -1, -2)[:, :, None]
    pulled = scaled.reshape(rhos, carry_overs, -1, width) @ rotated
    return Marginal(
        precision,
        pulled.reshape(rhos, carry_overs, len(tau), arms, -1),
        residual[:, None, None] - (square * kept) @ rotated**2,
        log_determinant[:, None, None] - np.log(kept).sum(axis=-1),
    )

r"""The marginal likelihood of an outcome's days given its exposures, as smooth functions of ρ alone.

With y/σ = B a + X β + η, coefficients of the background a ~ Normal(0, D) and η a stationary AR(1), exact over gaps, the
days enter the likelihood of y only through Ω(ρ)⁻¹, and that only through sums over the pairs of neighbouring days that
lie equally far apart. With z the row of all columns and the outcome, and Δ days between neighbours::

    Z'Ω⁻¹Z  = z_1 z_1' + Σ_Δ (A_Δ - ρ^Δ B_Δ + ρ^{2Δ} C_Δ) / (1 - ρ^{2Δ})
    ln |Ω|  = Σ_Δ n_Δ ln(1 - ρ^{2Δ})
    A_Δ = Σ z_i z_i',   B_Δ = Σ (z_i z_{i-1}' + z_{i-1} z_i'),   C_Δ = Σ z_{i-1} z_{i-1}'

The background is then integrated out in closed form. The result is tabulated over logit((1 + ρ)/2) and interpolated
by cubic splines: a density that is evaluated a hundred thousand times costs the same for a month and for ten years.
"""

from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import Columns

# logit((1 + ρ)/2) from ρ = -0.995 to 0.9993. At this step the splines are off by 1e-7 of a value.
FIRST, LAST, STEP = -6.0, 8.0, 0.0625


@dataclass(frozen=True)
class MarginalLikelihood:
    """One outcome's days, background integrated out, as functions of ρ.

    With H = Ω + B D B', the entries are the lower triangle of X'H⁻¹X row by row, then X'H⁻¹y, y'H⁻¹y and ln |H|.

    Attributes
    ----------
    splines : FloatArray
        Coefficients of the cubic of each entry in each interval of logit((1 + ρ)/2), from the constant to the cube;
        shape (intervals, 4, entries).
    days : int
        Days with an outcome.
    exposures : int
    background : int
        Columns that are integrated out.
    """

    splines: FloatArray
    days: int
    exposures: int
    background: int

    def at(self, logit: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """X'H⁻¹X, X'H⁻¹y, y'H⁻¹y and ln |H| at values of logit((1 + ρ)/2).

        Returns
        -------
        tuple of FloatArray
            Shapes (values, exposures, exposures), (values, exposures), (values,), (values,).
        """
        position = (np.clip(logit, FIRST, LAST) - FIRST) / STEP
        interval = np.minimum(position.astype(int), len(self.splines) - 1)
        powers = ((position - interval) * STEP)[:, None] ** np.arange(4)
        entries = np.einsum("vk,vke->ve", powers, self.splines[interval])
        rows, columns = np.tril_indices(self.exposures)
        gram = np.empty((len(logit), self.exposures, self.exposures))
        gram[:, rows, columns] = gram[:, columns, rows] = entries[:, : len(rows)]
        return gram, entries[:, len(rows) : -2], entries[:, -2], entries[:, -1]


def gather(background: Columns, exposures: FloatArray, outcome: FloatArray) -> MarginalLikelihood:
    """Compute the marginal likelihood of an outcome's days.

    Parameters
    ----------
    background : Columns
        From `background_columns`: the columns that are integrated out.
    exposures : FloatArray
        Standardised exposures that act on each day; shape (days, exposures).
    outcome : FloatArray
        Standardised outcome, shape (days,).
    """
    from scipy.interpolate import CubicSpline
    from scipy.special import expit

    logit = np.linspace(FIRST, LAST, round((LAST - FIRST) / STEP) + 1)
    rows = np.column_stack([background.values, exposures, outcome])
    gram, log_determinant = _whitened(rows, background.gap_days, 2 * expit(logit) - 1)
    within, log_within = _without_background(gram, background.prior_sd)
    lower = np.tril_indices(exposures.shape[1])
    # The last row of `within` is X'H⁻¹y and y'H⁻¹y.
    entries = np.column_stack([within[:, :-1, :-1][:, *lower], within[:, -1], log_determinant + log_within])
    # SciPy puts the cube first, and the intervals second.
    coefficients = CubicSpline(logit, entries).c
    splines = np.ascontiguousarray(coefficients[::-1].transpose(1, 0, 2))
    return MarginalLikelihood(splines, len(outcome), exposures.shape[1], background.values.shape[1])


def _whitened(rows: FloatArray, gap_days: FloatArray, rho: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Z'Ω⁻¹Z and ln |Ω| for each ρ, shapes (values, columns, columns) and (values,)."""
    gram = np.repeat(np.outer(rows[0], rows[0])[None], len(rho), axis=0)
    log_determinant = np.zeros(len(rho))
    # Pairs of neighbouring days, by the days between them.
    gap_days = gap_days[1:]
    for gap in np.unique(gap_days):
        current, previous = rows[1:][gap_days == gap], rows[:-1][gap_days == gap]
        crossed = current.T @ previous
        correlation = np.power(rho, gap)[:, None, None]
        variance = 1 - correlation**2
        products = current.T @ current - correlation * (crossed + crossed.T)
        products = products + correlation**2 * (previous.T @ previous)
        gram += products / variance
        log_determinant += len(current) * np.log(variance[:, 0, 0])
    return gram, log_determinant


def _without_background(gram: FloatArray, prior_sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The block of exposures and outcome after integrating out the background, and its part of ln |H|."""
    count = len(prior_sd)
    scaled = prior_sd[:, None] * gram[:, :count, :count] * prior_sd + np.eye(count)
    crossed = prior_sd[:, None] * gram[:, :count, count:]
    within = gram[:, count:, count:] - crossed.transpose(0, 2, 1) @ np.linalg.solve(scaled, crossed)
    return within, np.linalg.slogdet(scaled)[1]

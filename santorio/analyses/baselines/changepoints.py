"""Change points: the posterior of a shift of level, in closed form, computed again after every day.

For the days since the change before (at most a year):

    y_t / σ  = level + weekday_w(t) + δ 1[t ≥ τ] + η_t
    η        stationary AR(1) of unit variance, correlation ρ^Δ over a gap of Δ days
    δ        ~ Normal(0, 2²),   level ~ Normal(0, 5²),   six orthonormal weekday contrasts ~ Normal(0, 0.3²)
    σ²       ~ InverseGamma(2, s²),   s the spread of the first three weeks
    ρ        = 2u - 1, u ~ Beta(4, 2), up to 0.98 by quadrature
    P(τ = t) = 1 / 365 for each of the newest 90 days that has enough days on both sides, against no change

Given ρ and τ everything is integrated exactly, as in a trial (docs/method.md). Whitened by the AR(1), a step is a pulse
on its first day and a constant after it, so that sums from the left give every τ at every day at once. When the
probability of a change reaches `ALARM` it is reported, with the day on which it did, and the search starts again behind
it: a report is never withdrawn, and no later day enters it. While a change is less likely than none the posterior is
computed after every third known day only, so that a change may be reported two days late.
"""

from dataclasses import dataclass

import numpy as np

from santorio.analyses.baselines.state_space import weekday
from santorio.arrays import FloatArray, IntArray

CHANGES_PER_YEAR = 1.0
ALARM = 0.95
MIN_BEFORE, MIN_AFTER = 14, 7
FIRST_DAYS = MIN_BEFORE + MIN_AFTER
MAX_DAYS = 365
# A change that so many days have not shown will not be shown by more of them.
NEWEST_DAYS = 90
# Below this probability of a change, days between two computations.
LIKELY, DAYS_BETWEEN = 0.5, 3
SHIFT_SD, LEVEL_SD, WEEKDAY_SD = 2.0, 5.0, 0.3
SHAPE, RATE = 2.0, 1.0
RHO_NODES = 14
MAX_RHO = 0.98


@dataclass(frozen=True)
class ChangePoint:
    """A level that shifted.

    Attributes
    ----------
    day, first_day, last_day : int
        Most probable first day of the new level and the 95 % interval of that day, since 1970-01-01.
    detected_on : int
        The day whose value made it probable enough.
    probability : float
        Probability of a change by then.
    before, after : float
        Level before and after, in the unit of the values.
    shift_sd : float
        Posterior standard deviation of their difference.
    """

    day: int
    first_day: int
    last_day: int
    detected_on: int
    probability: float
    before: float
    after: float
    shift_sd: float


def detect_changepoints(day: IntArray, value: FloatArray) -> list[ChangePoint]:
    """Find the changes of a series, in order.

    Parameters
    ----------
    day : IntArray
        Known days since 1970-01-01, strictly increasing, shape (days,).
    value : FloatArray
        Shape (days,). Outliers are best excluded before.
    """
    changes: list[ChangePoint] = []
    start, next_row = 0, 0
    while len(day) - start >= FIRST_DAYS:
        detected = _first_change(day[start:], value[start:], next_row - start)
        if detected is None:
            break
        change, row = detected
        changes.append(change)
        # The next change is reported on a later day, though the search begins with the new level.
        next_row = start + row + 1
        start = int(np.searchsorted(day, change.day))
    return changes


def _first_change(day: IntArray, value: FloatArray, first_row: int) -> tuple[ChangePoint, int] | None:
    """Find the first change that is detected at this row or later, and the row at which it is."""
    differs = np.flatnonzero(value != value[0])
    if not len(differs):
        return None
    # As long as nothing differs there is no spread to compare a change with.
    count = max(FIRST_DAYS, int(differs[0]) + MIN_AFTER)
    centre, spread = float(np.median(value[:count])), float(value[:count].std(ddof=1))
    search = _Search(day, (value - centre) / spread)
    t = max(count - 1, first_row)
    while t < len(day):
        begin = int(np.searchsorted(day, day[t] - MAX_DAYS))
        posterior = search.at(begin, t)
        if posterior is not None and posterior.probability >= ALARM:
            return posterior.change(day, t, centre, spread), t
        if posterior is not None and posterior.probability >= LIKELY:
            t += 1
        else:
            t += DAYS_BETWEEN
    return None


@dataclass(frozen=True)
class _ShiftPosterior:
    """The posterior of a shift at the end of a window.

    Attributes
    ----------
    probability : float
        Of a change anywhere.
    row : IntArray
        Rows at which it may be, shape (rows,).
    row_probability : FloatArray
        Of each row, given that there is a change, shape (rows,).
    before, after, shift_sd : FloatArray
        Levels and the shift's standard deviation, given the row; shape (rows,).
    """

    probability: float
    row: IntArray
    row_probability: FloatArray
    before: FloatArray
    after: FloatArray
    shift_sd: FloatArray

    def change(self, day: IntArray, t: int, centre: float, spread: float) -> ChangePoint:
        cumulative = np.cumsum(self.row_probability)
        first, last = np.searchsorted(cumulative, [0.025, 0.975]).tolist()
        # Rounding may leave the sum just below 0.975.
        last = min(last, len(self.row) - 1)
        best = int(np.argmax(self.row_probability))
        return ChangePoint(
            day=int(day[self.row[best]]),
            first_day=int(day[self.row[first]]),
            last_day=int(day[self.row[last]]),
            detected_on=int(day[t]),
            probability=self.probability,
            before=centre + spread * float(self.row_probability @ self.before),
            after=centre + spread * float(self.row_probability @ self.after),
            shift_sd=spread * float(np.sqrt(self.row_probability @ self.shift_sd**2)),
        )


class _Search:
    """Sums from the left, of which every window and every step is a difference. Shapes begin with (ρ, days)."""

    def __init__(self, day: IntArray, value: FloatArray) -> None:
        rho, self.log_prior = _rho()
        gap = np.diff(day, prepend=day[0] - 1).astype(float)
        correlation = rho[:, None] ** gap
        self.day = day
        # Standard deviation of a day's innovation, in units of the day's own.
        self.width = np.sqrt(1 - correlation**2)
        # Level, weekday contrasts and value: the columns that are whitened.
        self.rows = np.column_stack([np.ones(len(day)), _contrasts()[weekday(day)], value])
        previous = np.vstack([np.zeros(self.rows.shape[1]), self.rows[:-1]])
        self.white = (self.rows - correlation[:, :, None] * previous) / self.width[:, :, None]
        # A whitened step after its first day.
        constant = (1 - correlation) / self.width
        self.products = np.cumsum(self.white[:, :, :, None] * self.white[:, :, None, :], axis=1)
        self.step_products = np.cumsum(constant[:, :, None] * self.white, axis=1)
        self.step_squares = np.cumsum(constant**2, axis=1)
        self.log_widths = np.cumsum(np.log(self.width), axis=1)

    def at(self, begin: int, t: int) -> _ShiftPosterior | None:
        """Posterior of a change between two rows, themselves included; None if they are too few for one.

        Without a change the regression on level and weekdays has the closed form of a normal-inverse-gamma prior. A
        step at row τ is one more column: its part orthogonal to the others gives the shift and its evidence.
        """
        newest = int(np.searchsorted(self.day, self.day[t] - NEWEST_DAYS, side="right"))
        row = np.arange(max(begin + MIN_BEFORE, newest), t - MIN_AFTER + 2)
        if not len(row):
            return None
        # No change. The first day of a window has no day before it: it enters as it is.
        first = self.rows[begin]
        products = self.products[:, t] - self.products[:, begin] + first[:, None] * first
        inverse = np.linalg.inv(products[:, :-1, :-1] + np.diag(PRECISION))
        moment = products[:, :-1, -1]
        base = (inverse @ moment[:, :, None])[:, :, 0]
        rate = RATE + 0.5 * (products[:, -1, -1] - (base * moment).sum(axis=1))
        shape = SHAPE + (t - begin + 1) / 2
        evidence = (
            self.log_prior
            - (self.log_widths[:, t] - self.log_widths[:, begin])
            + 0.5 * np.linalg.slogdet(inverse)[1]
            - shape * np.log(rate)
        )
        # A step at each row; shapes (ρ, rows). Its products with the columns, and with itself.
        pulse = 1 / self.width[:, row]
        step = (
            pulse[:, :, None] * self.white[:, row]
            + self.step_products[:, t, None]
            - self.step_products[:, row]
        )
        square = pulse**2 + self.step_squares[:, t, None] - self.step_squares[:, row] + SHIFT_SD**-2
        projected = step[:, :, :-1] @ inverse
        precision = square - (projected * step[:, :, :-1]).sum(axis=2)
        shift = (step[:, :, -1] - (step[:, :, :-1] @ base[:, :, None])[:, :, 0]) / precision
        # Share of the residual variation that the step explains.
        explained = shift**2 * precision / (2 * rate[:, None])
        step_evidence = evidence[:, None] - 0.5 * np.log(precision * SHIFT_SD**2)
        step_evidence = step_evidence - shape * np.log1p(-explained)
        # Bayes: a change against none, the row given a change, ρ given the row.
        highest = step_evidence.max()
        weight = np.exp(step_evidence - highest)
        odds = CHANGES_PER_YEAR / 365 * weight.sum() / np.exp(evidence - highest).sum()
        row_weight = weight.sum(axis=0)
        rho_weight = weight / row_weight
        level = base[:, :1] - projected[:, :, 0] * shift
        variance = rate[:, None] * (1 - explained) / (shape - 1) / precision
        mean = (rho_weight * shift).sum(axis=0)
        return _ShiftPosterior(
            probability=float(odds / (1 + odds)),
            row=row,
            row_probability=row_weight / row_weight.sum(),
            before=(rho_weight * level).sum(axis=0),
            after=(rho_weight * (level + shift)).sum(axis=0),
            shift_sd=np.sqrt((rho_weight * (variance + (shift - mean) ** 2)).sum(axis=0)),
        )


PRECISION = np.array([LEVEL_SD**-2, *[WEEKDAY_SD**-2] * 6])


def _rho() -> tuple[FloatArray, FloatArray]:
    """Return the nodes of ρ and their log prior: u ~ Beta(4, 2) by Gauss-Legendre quadrature."""
    points, weights = np.polynomial.legendre.leggauss(RHO_NODES)
    u = (points + 1) / 2 * (1 + MAX_RHO) / 2
    return 2 * u - 1, np.log(weights * u**3 * (1 - u))


def _contrasts() -> FloatArray:
    """Six orthonormal contrasts of the weekdays, shape (7, 6): each compares a day with the mean of those before it."""
    steps = np.tri(6, 7, 0)
    rows = steps - np.eye(6, 7, 1) * np.arange(1, 7)[:, None]
    return np.asarray((rows / np.linalg.norm(rows, axis=1, keepdims=True)).T)

"""When a level changed: a posterior over a shift, in closed form, asked again after every day.

For the days since the change before (at most a year):

    y_t / σ  = level + weekday_w(t) + δ 1[t ≥ τ] + η_t
    η        stationary AR(1) of unit variance, correlation ρ^Δ over a gap of Δ days
    δ        ~ Normal(0, 2²),   level ~ Normal(0, 5²),   six orthonormal weekday contrasts ~ Normal(0, 0.3²)
    σ²       ~ InverseGamma(2, s²),   s the spread of the first three weeks
    ρ        = 2u - 1, u ~ Beta(4, 2), up to 0.98 by quadrature
    P(τ = t) = 1 / 365 for each of the newest 90 days that has enough days on both sides, against no change

Given ρ and τ everything is integrated exactly, as in a trial (docs/method.md). Whitened by the AR(1), a step is a pulse
on its first day and a constant after it, so that sums from the left give every τ at every day at once. When the
probability of a change reaches `ALARM` it is reported, with the day on which it was, and the search starts anew behind
it: what has been said is not taken back, and nothing that comes later is looked at. While a change is less likely than
none it is asked after every third known day only, so that one may be told two days late.
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
# A change of which so many days say nothing yet will not be told by more of them.
NEWEST_DAYS = 90
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
    told_day : int
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
    told_day: int
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
        Shape (days,). Outliers are best left out before.
    """
    found: list[ChangePoint] = []
    start, asked = 0, 0
    while len(day) - start >= FIRST_DAYS:
        told = _first_change(day[start:], value[start:], asked - start)
        if told is None:
            break
        change, row = told
        found.append(change)
        # What is told next is told later, too.
        asked = start + row + 1
        start = int(np.searchsorted(day, change.day))
    return found


def _first_change(day: IntArray, value: FloatArray, asked: int) -> tuple[ChangePoint, int] | None:
    """Find the first change that is told at a row or later, and the row at which it is."""
    differs = np.flatnonzero(value != value[0])
    if not len(differs):
        return None
    # As long as nothing differs there is no spread to hold a change against.
    many = max(FIRST_DAYS, int(differs[0]) + MIN_AFTER)
    centre, spread = float(np.median(value[:many])), float(value[:many].std(ddof=1))
    search = _Search(day, (value - centre) / spread)
    t = max(many - 1, asked)
    while t < len(day):
        begin = int(np.searchsorted(day, day[t] - MAX_DAYS))
        told = search.at(begin, t)
        if told is not None and told.probability >= ALARM:
            return told.change(day, t, centre, spread), t
        t += DAYS_BETWEEN if told is None or told.probability < LIKELY else 1
    return None


@dataclass(frozen=True)
class _Told:
    """What is known at the end of a window.

    Attributes
    ----------
    probability : float
        Of a change anywhere.
    place : IntArray
        Rows at which it may be, shape (places,).
    of_place : FloatArray
        Probability of each, given that there is one, shape (places,).
    before, after, shift_sd : FloatArray
        Levels and the shift's standard deviation, given each; shape (places,).
    """

    probability: float
    place: IntArray
    of_place: FloatArray
    before: FloatArray
    after: FloatArray
    shift_sd: FloatArray

    def change(self, day: IntArray, t: int, centre: float, spread: float) -> ChangePoint:
        reached = np.cumsum(self.of_place)
        first, last = np.searchsorted(reached, [0.025, 0.975])
        best = int(np.argmax(self.of_place))
        return ChangePoint(
            day=int(day[self.place[best]]),
            first_day=int(day[self.place[first]]),
            last_day=int(day[self.place[min(int(last), len(self.place) - 1)]]),
            told_day=int(day[t]),
            probability=self.probability,
            before=centre + spread * float(self.of_place @ self.before),
            after=centre + spread * float(self.of_place @ self.after),
            shift_sd=spread * float(np.sqrt(self.of_place @ self.shift_sd**2)),
        )


class _Search:
    """Sums from the left, of which every window and every step is a difference. Shapes begin with (ρ, days)."""

    def __init__(self, day: IntArray, value: FloatArray) -> None:
        rho, self.log_prior = _rho()
        gap = np.diff(day, prepend=day[0] - 1).astype(float)
        fading = rho[:, None] ** gap
        width = np.sqrt(1 - fading**2)
        self.day = day
        self.rows = np.column_stack([np.ones(len(day)), _contrasts()[weekday(day)], value])
        before = np.vstack([np.zeros(self.rows.shape[1]), self.rows[:-1]])
        self.white = (self.rows - fading[:, :, None] * before) / width[:, :, None]
        self.width = width
        constant = (1 - fading) / width  # a step after its first day
        self.products = np.cumsum(self.white[:, :, :, None] * self.white[:, :, None, :], axis=1)
        self.step_products = np.cumsum(constant[:, :, None] * self.white, axis=1)
        self.step_squares = np.cumsum(constant**2, axis=1)
        self.log_widths = np.cumsum(np.log(width), axis=1)

    def at(self, begin: int, t: int) -> _Told | None:
        """Say what is known of a change between two rows, themselves included; None if they are too few for one."""
        newest = int(np.searchsorted(self.day, self.day[t] - NEWEST_DAYS, side="right"))
        place = np.arange(max(begin + MIN_BEFORE, newest), t - MIN_AFTER + 2)
        if not len(place):
            return None
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
        pulse = 1 / self.width[:, place]
        step = (
            pulse[:, :, None] * self.white[:, place]
            + self.step_products[:, t, None]
            - self.step_products[:, place]
        )
        length = pulse**2 + self.step_squares[:, t, None] - self.step_squares[:, place] + SHIFT_SD**-2
        moved = step[:, :, :-1] @ inverse
        precision = length - (moved * step[:, :, :-1]).sum(axis=2)
        shift = (step[:, :, -1] - (step[:, :, :-1] @ base[:, :, None])[:, :, 0]) / precision
        share = shift**2 * precision / (2 * rate[:, None])
        of_step = evidence[:, None] - 0.5 * np.log(precision * SHIFT_SD**2) - shape * np.log1p(-share)
        top = of_step.max()
        weight = np.exp(of_step - top)  # (ρ, places)
        odds = CHANGES_PER_YEAR / 365 * weight.sum() / np.exp(evidence - top).sum()
        each = weight.sum(axis=0)
        of_rho = weight / each
        level = base[:, :1] - moved[:, :, 0] * shift
        variance = rate[:, None] * (1 - share) / (shape - 1) / precision
        mean = (of_rho * shift).sum(axis=0)
        return _Told(
            probability=float(odds / (1 + odds)),
            place=place,
            of_place=each / each.sum(),
            before=(of_rho * level).sum(axis=0),
            after=(of_rho * (level + shift)).sum(axis=0),
            shift_sd=np.sqrt((of_rho * (variance + (shift - mean) ** 2)).sum(axis=0)),
        )


PRECISION = np.array([LEVEL_SD**-2, *[WEEKDAY_SD**-2] * 6])


def _rho() -> tuple[FloatArray, FloatArray]:
    """Return the nodes of ρ and their log prior: u ~ Beta(4, 2) by Gauss-Legendre quadrature."""
    points, weights = np.polynomial.legendre.leggauss(RHO_NODES)
    u = (points + 1) / 2 * (1 + MAX_RHO) / 2
    return 2 * u - 1, np.log(weights * u**3 * (1 - u))


def _contrasts() -> FloatArray:
    """Six orthonormal contrasts of the weekdays, shape (7, 6)."""
    steps = np.tri(6, 7, 0)
    rows = steps - np.eye(6, 7, 1) * np.arange(1, 7)[:, None]
    return np.asarray((rows / np.linalg.norm(rows, axis=1, keepdims=True)).T)

"""Design of a study: how many days, which schedule, and how probably it will answer.

With known σ and ρ a design's precision is closed-form, v = (X'Σ⁻¹X + P)⁻¹ at the effect, X and P the analysis' own.
The estimate is then Normal(θ, v), the analysis' prior on it Normal(0, σ²), and each decision's probability follows.
The recommended design is simulated too, with σ and ρ unknown to the analysis.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from santorio.arrays import FloatArray, IntArray
from santorio.errors import ConfigError
from santorio.stats.assurance import Noise
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.design_matrix import EFFECT_SD, Columns, TrialDesign
from santorio.stats.effect_priors import carry_over_from
from santorio.stats.exact_inference import TAU_SD, fit_exact, whiten
from santorio.stats.quadrature import MAX_COARSE_RHO
from santorio.studies.preprocessing import MIN_DAYS_FOR_WEEKDAYS

FORMAT: Final = "santorio-study-plan/1"
MIN_DAYS = 8
MAX_PLAN = 730
PSEUDO_CYCLE_DAYS = 14

# Schedules of one scheme differ a little in their precision: these many are averaged.
DRAWN_PER_DESIGN = 5
SIMULATED = 400
# A curve of some thirty points is smooth enough to read.
MAX_CURVE_POINTS = 30
# True effects of the table of decisions, in units of the hoped-for one.
EFFECT_SHARES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
# Of the first of the averaged schedules.
FIRST_SEED = 1000
PlannedScheme = Literal["days", "periods"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Part):
    """A scheme at the number of days that it needs, or the most that are allowed."""

    law: PlannedScheme
    period: int
    days: int
    power: float = Field(
        description="Probability of finding the hoped-for effect to be more than δ, if it is real."
    )
    enough: bool


class PowerByDays(_Part):
    """Power and precision of the recommended scheme by its number of days."""

    days: int
    power: float
    interval: float = Field(description="Half the width of the 95 % interval.")


class PowerByEffect(_Part):
    """Probability of each decision of the recommended study if the true effect is this."""

    effect: float
    more: float = Field(description="Probability that the study finds more than δ.")
    less: float = Field(description="Probability that the study finds less than -δ.")
    no_difference: float
    keep_going: float


class Simulated(_Part):
    """Whole studies of the recommended design, simulated and analysed."""

    studies: int
    power: float
    false_alarm: float = Field(
        description="Share that find more than δ, up or down, though there is no effect."
    )


class Plan(_Part):
    """A designed study: what `santorio study plan --json` prints."""

    format: Literal["santorio-study-plan/1"] = FORMAT
    says: str
    enough: bool = Field(description="Whether the wanted power is reached within the days allowed.")
    arms: list[str]
    law: PlannedScheme
    period: int
    block: int | None
    days: int
    seed: int
    schedule: list[str]
    sd: float
    correlation: float
    noise_from: str
    smallest_effect: float
    effect: float
    wanted_power: float
    half_life: float | None
    options: list[Option]
    by_days: list[PowerByDays]
    by_effect: list[PowerByEffect]
    simulated: Simulated


@dataclass(frozen=True)
class DesignRequest:
    """The requirements of a study: the effect to find, and the limits.

    Attributes
    ----------
    smallest_effect, effect : float
        δ, and the effect that is hoped for, in the outcome's unit.
    periods : Sequence[int]
        Lengths of a period that are possible, in days; 1 is randomisation by day.
    half_life : float or None
        Days after which half of an effect is still felt.
    """

    arms: Sequence[str]
    noise: Noise
    noise_from: str
    smallest_effect: float
    effect: float
    most_days: int
    periods: Sequence[int]
    power: float = 0.8
    half_life: float | None = None
    seed: int = 1


def plan_study(request: DesignRequest) -> Plan:
    """Find the shortest study that has the wanted power, over the allowed lengths of a period.

    Raises
    ------
    ConfigError
        If parts of the request contradict each other.
    """
    _check(request)
    by_days = {}
    for period in sorted(set(request.periods)):
        rows = _by_days(request, period)
        if rows:
            by_days[period] = rows
    if not by_days:
        raise ConfigError(
            f"{request.most_days} days hold no study of {len(request.arms)} arms in these periods.",
            hint="Allow more days or shorter periods.",
        )
    options = [_option(request, period, rows) for period, rows in by_days.items()]
    best = min(options, key=_preference)
    block = None
    if best.law == "days":
        block = block_days(len(request.arms))
    arm = draw(len(request.arms), best.days, best.period, request.seed)
    return Plan(
        says=_recommendation(request, best, options),
        enough=best.enough,
        arms=list(request.arms),
        law=best.law,
        period=best.period,
        block=block,
        days=best.days,
        seed=request.seed,
        schedule=[request.arms[number] for number in arm],
        sd=request.noise.sigma,
        correlation=request.noise.rho,
        noise_from=request.noise_from,
        smallest_effect=request.smallest_effect,
        effect=request.effect,
        wanted_power=request.power,
        half_life=request.half_life,
        options=options,
        by_days=by_days[best.period],
        by_effect=_by_effect(request, variance(request, arm, best.period)),
        simulated=_simulate(request, arm, best.period),
    )


def _preference(option: Option) -> tuple[bool, float, int]:
    """Sort key: enough power first, then the fewest days; without enough power the most power."""
    if option.enough:
        return False, option.days, option.period
    return True, -option.power, option.period


def _check(request: DesignRequest) -> None:
    if len(set(request.arms)) < 2 or len(set(request.arms)) != len(request.arms):
        raise ConfigError(
            "A study needs at least two arms of different names.", hint="Such as --arms “off,on”."
        )
    if not (request.noise.sigma > 0 and -1 < request.noise.rho < 1):
        raise ConfigError("The spread must be above 0, and the correlation between -1 and 1.")
    if not request.smallest_effect > 0:
        raise ConfigError("The smallest effect that matters must be above 0.")
    if not request.effect > request.smallest_effect:
        raise ConfigError(
            "The effect that is hoped for must be larger than the smallest that matters.",
            hint="No study can distinguish an effect that just matters from one that just does not.",
        )
    if not 0 < request.power < 1:
        raise ConfigError("The power wanted is between 0 and 1, such as 0.8.")
    if not MIN_DAYS <= request.most_days <= MAX_PLAN:
        raise ConfigError(f"A study takes {MIN_DAYS} to {MAX_PLAN} days.")
    if not request.periods or min(request.periods) < 1:
        raise ConfigError("A period is at least a day.", hint="Such as --periods 1,3,7.")


def block_days(arms: int) -> int:
    """Days of a block in which every arm comes twice, in random order."""
    return 2 * arms


def cycle_days(arms: int, period: int) -> int:
    """Days after which every arm came equally often."""
    if period == 1:
        return block_days(arms)
    return arms * period


def draw(arms: int, days: int, period: int, seed: int) -> IntArray:
    """Draw a schedule uniformly: each block has every arm twice by day, each cycle every arm once by period."""
    rng = np.random.default_rng(seed)
    block = np.arange(arms)
    if period == 1:
        block = np.repeat(block, 2)
    cycles = days // cycle_days(arms, period)
    return np.concatenate([np.repeat(rng.permutation(block), period) for _ in range(cycles)])


def _columns(request: DesignRequest, arm: IntArray, period: int) -> Columns:
    """Columns that the analysis will have, at the expected carry-over."""
    arms, day = len(request.arms), np.arange(len(arm))
    cycle = cycle_days(arms, period)
    # The analysis joins blocks of days until they are about a fortnight.
    if period == 1:
        cycle *= max(math.ceil(PSEUDO_CYCLE_DAYS / cycle), 1)
    number = day // cycle
    last = number == number[-1]
    # It joins a last cycle that lacks an arm to the one before, too.
    if len(np.unique(arm[last])) < arms:
        number = np.minimum(number, max(number[-1] - 1, 0))
    weekly = len(arm) >= MIN_DAYS_FOR_WEEKDAYS
    design = TrialDesign(day, arm, number, np.ones(len(arm), dtype=bool), arms, weekly=weekly)
    return design.columns(_expected_carry_over(request))


def _expected_carry_over(request: DesignRequest) -> float:
    """Prior mean of λ; 0 where nothing is carried over to the next day."""
    if not request.half_life:
        return 0.0
    prior = carry_over_from(request.half_life)
    return 0.0 if prior is None else prior.mean


def variance(request: DesignRequest, arm: IntArray, period: int) -> float:
    """Variance v of the estimate of an arm's effect, in the outcome's unit squared; the worst of the arms."""
    columns = _columns(request, arm, period)
    prior_sd = np.where(columns.pooled, columns.prior_sd * TAU_SD / 2, columns.prior_sd)
    effects = [columns.index(f"arm_{number}") for number in range(1, len(request.arms))]
    precision = prior_sd**-2.0
    # The prior of the effects comes in with the decision, see `decisions`.
    precision[effects] = 0.0
    white, _ = whiten(columns.values, columns.gap_days, request.noise.rho)
    covariance = np.linalg.inv(white.T @ white + np.diag(precision))
    return float(np.diag(covariance)[effects].max() * request.noise.sigma**2)


def decisions(request: DesignRequest, variance: float, effect: float) -> tuple[float, float, float]:
    """Probability of "more than δ", "less than -δ" and "no difference that matters" at a true effect θ.

    With the prior Normal(0, σ²) and an estimate of variance v, the posterior has the variance w = 1 / (1/σ² + 1/v),
    whatever the data. Its mean, over repeated studies, is Normal(θ w / v, w² / v); each decision is a range of it.
    """
    from scipy.special import ndtr, ndtri

    posterior_variance = _posterior_variance(request, variance)
    posterior_sd, delta = float(np.sqrt(posterior_variance)), request.smallest_effect
    mean = effect * posterior_variance / variance
    spread = float(np.sqrt(posterior_variance**2 / variance))
    # From this posterior mean on, P(effect > δ) reaches the threshold.
    beyond = delta + float(ndtri(DECISION_THRESHOLD)) * posterior_sd
    more, less = float(ndtr((mean - beyond) / spread)), float(ndtr((-beyond - mean) / spread))
    # The largest posterior mean at which P(|effect| ≤ δ) reaches it, on a grid; in a noisy study there is none.
    inside = np.linspace(0, delta, 400)
    within = ndtr((delta - inside) / posterior_sd) - ndtr((-delta - inside) / posterior_sd)
    harmless = inside[within >= DECISION_THRESHOLD]
    if not harmless.size:
        return more, less, 0.0
    edge = float(harmless[-1])
    return more, less, float(ndtr((edge - mean) / spread) - ndtr((-edge - mean) / spread))


def _posterior_variance(request: DesignRequest, variance: float) -> float:
    """Variance of the effect after the data: prior and estimate by their precisions."""
    prior_variance = (EFFECT_SD * request.noise.sigma) ** 2
    return 1 / (1 / prior_variance + 1 / variance)


def _by_days(request: DesignRequest, period: int) -> list[PowerByDays]:
    """Power and precision of a scheme over its possible numbers of days; empty if the shortest takes too many."""
    cycle = cycle_days(len(request.arms), period)
    shortest = max(MIN_DAYS, cycle)
    # A study in periods needs two cycles, so that its effect can repeat.
    if period > 1:
        shortest = max(MIN_DAYS, 2 * cycle)
    # Whole cycles only.
    shortest = math.ceil(shortest / cycle) * cycle
    possible = range(shortest, request.most_days + 1, cycle)
    step = max(len(possible) // MAX_CURVE_POINTS, 1)
    rows = []
    for days in possible[::step]:
        estimate_variance = _mean_variance(request, days, period)
        more, _, _ = decisions(request, estimate_variance, request.effect)
        posterior_sd = float(np.sqrt(_posterior_variance(request, estimate_variance)))
        rows.append(PowerByDays(days=days, power=more, interval=1.96 * posterior_sd))
    return rows


def _mean_variance(request: DesignRequest, days: int, period: int) -> float:
    """Variance of the estimate, the mean over some schedules of the scheme."""
    variances = []
    for number in range(DRAWN_PER_DESIGN):
        arm = draw(len(request.arms), days, period, FIRST_SEED + number)
        variances.append(variance(request, arm, period))
    return float(np.mean(variances))


def _option(request: DesignRequest, period: int, rows: Sequence[PowerByDays]) -> Option:
    """The fewest days of the wanted power, else the days of the greatest."""
    enough = [row for row in rows if row.power >= request.power]
    best = enough[0] if enough else max(rows, key=lambda row: row.power)
    law: PlannedScheme = "days" if period == 1 else "periods"
    return Option(law=law, period=period, days=best.days, power=best.power, enough=bool(enough))


def _by_effect(request: DesignRequest, variance: float) -> list[PowerByEffect]:
    effects = {0.0} | {request.effect * share for share in EFFECT_SHARES}
    rows = []
    for effect in sorted(effects):
        more, less, none = decisions(request, variance, effect)
        rows.append(
            PowerByEffect(
                effect=effect,
                more=more,
                less=less,
                no_difference=none,
                keep_going=max(0.0, 1 - more - less - none),
            )
        )
    return rows


def _simulate(request: DesignRequest, arm: IntArray, period: int) -> Simulated:
    """Analyse simulated studies with everything unknown but the design.

    Noise is AR(1) with unit variance; an outcome is noise and exposure times effect, in units of σ.
    """
    columns = _columns(request, arm, period)
    rng = np.random.default_rng([request.seed, len(arm)])
    noise = rng.normal(size=(len(arm), SIMULATED))
    # Innovations of variance 1 - ρ² keep the variance of every day at 1.
    noise[1:] *= np.sqrt(1 - request.noise.rho**2)
    for t in range(1, len(arm)):
        noise[t] += request.noise.rho * noise[t - 1]
    exposure = columns.values[:, columns.index("arm_1")]
    real = noise + exposure[:, None] * request.effect / request.noise.sigma
    power, _ = _share_decided(request, columns, arm, real)
    up, down = _share_decided(request, columns, arm, noise)
    return Simulated(studies=SIMULATED, power=power, false_alarm=up + down)


def _share_decided(
    request: DesignRequest, columns: Columns, arm: IntArray, outcome: FloatArray
) -> tuple[float, float]:
    """Shares of simulated studies that find an effect above δ, and below -δ; `outcome` is (days, studies), in σ."""
    reference = outcome[arm == 0]
    spread = reference.std(axis=0, ddof=1)
    fine = request.noise.rho > MAX_COARSE_RHO
    posterior = fit_exact(columns, (outcome - reference.mean(axis=0)) / spread, fine=fine)
    delta = request.smallest_effect / request.noise.sigma / spread
    above = 1 - posterior.below("arm_1", delta)
    below = posterior.below("arm_1", -delta)
    return float((above >= DECISION_THRESHOLD).mean()), float((below >= DECISION_THRESHOLD).mean())


def _recommendation(request: DesignRequest, best: Option, options: Sequence[Option]) -> str:
    """Recommend a design in a sentence or two."""
    scheme = "changing by day"
    if best.period > 1:
        scheme = f"in periods of {best.period} days"
    power = f"{100 * best.power:.0f} %"
    if best.enough:
        text = (
            f"{best.days} days, {scheme}: if the effect is {request.effect:g}, the study will find with {power} "
            f"probability that it is more than the {request.smallest_effect:g} that matter."
        )
    else:
        text = (
            f"{request.most_days} days are not enough for a power of {100 * request.power:.0f} %: the best, "
            f"{best.days} days {scheme}, reaches {power} for an effect of {request.effect:g}."
        )
    others = [_days_needed(option) for option in options if option is not best and option.enough]
    if others:
        text += f" Other designs need, in days: {', '.join(others)}."
    return text


def _days_needed(option: Option) -> str:
    if option.period == 1:
        return f"{option.days} by day"
    return f"{option.days} in periods of {option.period}"

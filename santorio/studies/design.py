"""Designing a study: how many days, which schedule, and how probably it will answer.

With known σ and ρ a design's precision is closed-form, v = (X'Σ⁻¹X + P)⁻¹ at the effect, X and P the analysis' own.
The estimate is then Normal(θ, v), the analysis' prior on it Normal(0, σ²), and each decision's probability follows.
What is recommended is simulated too, with σ and ρ unknown to the analysis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from santorio.arrays import IntArray
from santorio.errors import ConfigError
from santorio.stats.assurance import Noise
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.stats.design_matrix import EFFECT_SD, Columns, TrialDesign
from santorio.stats.effect_priors import carry_over_from
from santorio.stats.exact_inference import TAU_SD, fit_exact, whiten
from santorio.stats.quadrature import MAX_COARSE_RHO

FORMAT: Final = "santorio-study-plan/1"
MIN_DAYS = 8
MAX_PLAN = 730
PSEUDO_CYCLE_DAYS = 14
# Schedules of one scheme differ a little in what they are worth: these many are averaged.
DRAWN_PER_DESIGN = 5
SIMULATED = 400
PlannedLaw = Literal["days", "periods"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Part):
    """A scheme at the number of days that it needs, or the most that are allowed."""

    law: PlannedLaw
    period: int
    days: int
    power: float = Field(
        description="Probability of finding the hoped-for effect to be more than δ, if it is real."
    )
    enough: bool


class PowerByDays(_Part):
    """What the recommended scheme is worth by its number of days."""

    days: int
    power: float
    interval: float = Field(description="Half the width that the 95 % interval will have.")


class PowerByEffect(_Part):
    """What the recommended study will say if the true effect is this."""

    effect: float
    more: float = Field(description="That it is more than δ.")
    less: float = Field(description="That it is below -δ.")
    no_difference: float
    keep_going: float


class Simulated(_Part):
    """Whole studies of the recommended design, simulated and analysed."""

    studies: int
    power: float
    false_alarm: float = Field(
        description="That more than δ is found, up or down, though there is no effect."
    )


class Plan(_Part):
    """A designed study: what `santorio study plan --json` prints."""

    format: Literal["santorio-study-plan/1"] = FORMAT
    says: str
    enough: bool = Field(description="Whether the wanted power is reached within the days allowed.")
    arms: list[str]
    law: PlannedLaw
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
    """What a study shall be able to tell, and within what limits.

    Attributes
    ----------
    smallest_effect, effect : float
        δ, and the effect that is hoped for, in the outcome's unit.
    periods : Sequence[int]
        Lengths of a period that are possible; 1 is randomisation by day.
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
        If the request contradict each other.
    """
    _check(request)
    searched = [(period, _by_days(request, period)) for period in sorted(set(request.periods))]
    searched = [(period, rows) for period, rows in searched if rows]
    if not searched:
        raise ConfigError(
            f"{request.most_days} days hold no study of {len(request.arms)} arms in these periods.",
            hint="Allow more days or shorter periods.",
        )
    options = [_option(request, period, rows) for period, rows in searched]
    best = min(options, key=_preference)
    rows = dict(searched)[best.period]
    arm = draw(len(request.arms), best.days, best.period, request.seed)
    simulated = _simulate(request, arm, best.period)
    return Plan(
        says=_say(request, best, options),
        enough=best.enough,
        arms=list(request.arms),
        law=best.law,
        period=best.period,
        block=block_days(len(request.arms)) if best.law == "days" else None,
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
        by_days=rows,
        by_effect=_by_effect(request, variance(request, arm, best.period)),
        simulated=simulated,
    )


def _preference(option: Option) -> tuple[bool, float, int]:
    """Sort key: enough power first, then the fewest days; without enough power the most power."""
    return not option.enough, option.days if option.enough else -option.power, option.period


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
            hint="An effect that just matters can never be told from one that just does not.",
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
    return block_days(arms) if period == 1 else arms * period


def draw(arms: int, days: int, period: int, seed: int) -> IntArray:
    """Draw a schedule uniformly: each block has every arm twice by day, each cycle every arm once by period."""
    rng = np.random.default_rng(seed)
    cycle = cycle_days(arms, period)
    block = np.repeat(np.arange(arms), 2) if period == 1 else np.arange(arms)
    return np.concatenate([np.repeat(rng.permutation(block), period) for _ in range(days // cycle)])


def _columns(request: DesignRequest, arm: IntArray, period: int) -> Columns:
    arms, day = len(request.arms), np.arange(len(arm))
    cycle = cycle_days(arms, period)
    # The analysis takes blocks of days together until they are about a fortnight.
    together = cycle * max(-(-PSEUDO_CYCLE_DAYS // cycle), 1) if period == 1 else cycle
    number = day // together
    last = number == number[-1]
    if len(np.unique(arm[last])) < arms:
        number = np.minimum(number, max(number[-1] - 1, 0))
    design = TrialDesign(day, arm, number, np.ones(len(arm), dtype=bool), arms, weekly=len(arm) >= 21)
    prior = carry_over_from(request.half_life) if request.half_life else None
    return design.columns(0.0 if prior is None else prior.mean)


def variance(request: DesignRequest, arm: IntArray, period: int) -> float:
    """Variance v of the estimate of an arm's effect, in the outcome's unit squared; the worst of the arms."""
    columns = _columns(request, arm, period)
    prior_sd = np.where(columns.pooled, columns.prior_sd * TAU_SD / 2, columns.prior_sd)
    effects = [columns.index(f"arm_{number}") for number in range(1, len(request.arms))]
    precision = prior_sd**-2.0
    precision[effects] = 0.0
    white, _ = whiten(columns.values, columns.gap_days, request.noise.rho)
    covariance = np.linalg.inv(white.T @ white + np.diag(precision))
    return float(np.diag(covariance)[effects].max() * request.noise.sigma**2)


def decisions(request: DesignRequest, variance: float, effect: float) -> tuple[float, float, float]:
    """Probability of "more than δ", "less than -δ" and "no difference that matters" at a true effect."""
    from scipy.special import ndtr, ndtri

    prior = (EFFECT_SD * request.noise.sigma) ** 2
    after = 1 / (1 / prior + 1 / variance)
    mean, spread = effect * after / variance, float(np.sqrt(after**2 / variance))
    sd, delta = float(np.sqrt(after)), request.smallest_effect
    beyond = delta + float(ndtri(DECISION_THRESHOLD)) * sd
    more, less = float(ndtr((mean - beyond) / spread)), float(ndtr((-beyond - mean) / spread))
    inside = np.linspace(0, delta, 400)
    harmless = inside[ndtr((delta - inside) / sd) - ndtr((-delta - inside) / sd) >= DECISION_THRESHOLD]
    if not harmless.size:
        return more, less, 0.0
    edge = float(harmless[-1])
    return more, less, float(ndtr((edge - mean) / spread) - ndtr((-edge - mean) / spread))


def _by_days(request: DesignRequest, period: int) -> list[PowerByDays]:
    arms = len(request.arms)
    cycle = cycle_days(arms, period)
    shortest = -(-max(MIN_DAYS, 2 * cycle if period > 1 else cycle) // cycle) * cycle
    every = list(range(shortest, request.most_days + 1, cycle))
    # A curve of some thirty points shows all there is.
    every = every[:: max(len(every) // 30, 1)]
    rows = []
    for days in every:
        v = float(
            np.mean(
                [
                    variance(request, draw(arms, days, period, 1000 + seed), period)
                    for seed in range(DRAWN_PER_DESIGN)
                ]
            )
        )
        more = decisions(request, v, request.effect)[0]
        after = 1 / (1 / (EFFECT_SD * request.noise.sigma) ** 2 + 1 / v)
        rows.append(PowerByDays(days=days, power=more, interval=1.96 * float(np.sqrt(after))))
    return rows


def _option(request: DesignRequest, period: int, rows: Sequence[PowerByDays]) -> Option:
    enough = [row for row in rows if row.power >= request.power]
    chosen = enough[0] if enough else max(rows, key=lambda row: row.power)
    law: PlannedLaw = "days" if period == 1 else "periods"
    return Option(law=law, period=period, days=chosen.days, power=chosen.power, enough=bool(enough))


def _by_effect(request: DesignRequest, v: float) -> list[PowerByEffect]:
    rows = []
    for effect in sorted({0.0, *(request.effect * share for share in (0.25, 0.5, 0.75, 1.0, 1.5, 2.0))}):
        more, less, none = decisions(request, v, effect)
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
    """Analyse simulated studies with everything unknown but the design."""
    columns = _columns(request, arm, period)
    rng = np.random.default_rng([request.seed, len(arm)])
    noise = rng.normal(size=(len(arm), SIMULATED))
    noise[1:] *= np.sqrt(1 - request.noise.rho**2)
    for t in range(1, len(arm)):
        noise[t] += request.noise.rho * noise[t - 1]
    exposure = columns.values[:, columns.index("arm_1")]
    found = []
    for effect in (request.effect, 0.0):
        outcome = noise + exposure[:, None] * effect / request.noise.sigma
        reference = outcome[arm == 0]
        spread = reference.std(axis=0, ddof=1)
        fine = request.noise.rho > MAX_COARSE_RHO
        posterior = fit_exact(columns, (outcome - reference.mean(axis=0)) / spread, fine=fine)
        delta = request.smallest_effect / request.noise.sigma / spread
        above, below = 1 - posterior.below("arm_1", delta), posterior.below("arm_1", -delta)
        found.append(
            (float((above >= DECISION_THRESHOLD).mean()), float((below >= DECISION_THRESHOLD).mean()))
        )
    return Simulated(studies=SIMULATED, power=found[0][0], false_alarm=sum(found[1]))


def _say(request: DesignRequest, best: Option, options: Sequence[Option]) -> str:
    how = "changing by day" if best.period == 1 else f"in periods of {best.period} days"
    power = f"{100 * best.power:.0f} %"
    if best.enough:
        said = (
            f"{best.days} days, {how}: if the effect is {request.effect:g}, the study will find with {power} "
            f"probability that it is more than the {request.smallest_effect:g} that matter."
        )
    else:
        said = (
            f"{request.most_days} days are not enough for a power of {100 * request.power:.0f} %: the best, "
            f"{best.days} days {how}, reaches {power} for an effect of {request.effect:g}."
        )
    others = [option for option in options if option is not best and option.enough]
    if not others:
        return said
    told = ", ".join(
        f"{option.days} {f'in periods of {option.period}' if option.period > 1 else 'by day'}"
        for option in others
    )
    return f"{said} Other designs need, in days: {told}."

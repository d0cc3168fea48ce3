"""Which experiment to run next: every lever and outcome, the shortest design that would decide, ranked by its worth."""

import datetime as dt
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from santorio.database.engine import Database
from santorio.insights.fingerprint import fingerprint
from santorio.insights.publishing import Run, RunReport, last_fingerprint, publish
from santorio.insights.reading import Series, read_exposures, read_outcomes, words_of_left_out
from santorio.metrics import DEFAULT_SMALLEST_EFFECT_SD, Outcome, label
from santorio.metrics import outcome as find_outcome
from santorio.people import Person
from santorio.trials.columns import IntArray
from santorio.trials.levers import LEVERS, Lever
from santorio.trials.planning import (
    Belief,
    Noise,
    assurance,
    estimate_variance,
    information_gain,
    noise_of,
    value_of_information,
)
from santorio.trials.schedules import daily_law, draw_daily, draw_periods

SUBJECT = "all"
WANTED_ASSURANCE = 0.8
# Below this a trial is not worth its days; it is not proposed.
LEAST_ASSURANCE = 0.65
LONGEST_DAYS = 84
SHORTEST_DAYS = 14
DAILY_CYCLE_DAYS = 14
FEWEST_DAYS = 30
NOISE_DAYS = 365
# A design's v is averaged over a few draws of its schedule: the one drawn may be lucky.
DRAWS = 4
# An association is confounded in unknown ways: as a prior for a cause its spread counts this many times.
OBSERVATIONAL_INFLATION = 2.0
# Without any association: most habits move a metric by less than a quarter of its day-to-day spread.
VAGUE_SD = 0.25


@dataclass(frozen=True)
class Association:
    """An effect published from observation, per `per_amount` of the exposure."""

    estimate: float
    sd: float
    per_amount: float


@dataclass(frozen=True)
class Plan:
    """One lever, one outcome, and the design found for them."""

    lever: Lever
    outcome: Outcome
    noise: Noise
    prior: Belief
    smallest_effect: float
    cycles: int
    cycle_days: int
    variance: float
    assurance_by_days: Mapping[int, float]

    @property
    def days(self) -> int:
        """Days needed."""
        return self.cycles * self.cycle_days

    @property
    def assurance(self) -> float:
        """Probability of a decision at the end."""
        return self.assurance_by_days[self.days]

    @property
    def value_per_day(self) -> float:
        """Expected value in units of the smallest effect, per 100 days of burden."""
        cost = self.smallest_effect * self.lever.burden
        worth = value_of_information(
            self.prior, self.variance, cost, lower_is_better=self.outcome.good == "lower"
        )
        return 100 * worth / self.smallest_effect / (self.days * self.lever.burden)


def propose(database: Database, person: Person, *, force: bool = False) -> RunReport:
    """Propose experiments and publish them, ranked.

    Returns
    -------
    RunReport
        "not enough data" where nothing is, or was, worth proposing. What was proposed before does not outlive its
        reason: an empty list takes its place.
    """
    with database.connect() as connection:
        outcomes = read_outcomes(connection, person.user_id)
        exposures = read_exposures(connection, person.user_id)
        associations = read_associations(connection, person)
        answered = answered_trials(connection, person)
        last = last_fingerprint(connection, person.user_id, "proposals", SUBJECT)
    key = fingerprint(
        [(name, series.day.tolist(), series.value.tolist()) for name, series in sorted(outcomes.items())],
        [(name, series.day.tolist(), series.value.tolist()) for name, series in sorted(exposures.items())],
        sorted((*pair, found.estimate, found.sd) for pair, found in associations.items()),
        sorted(answered),
    )
    if not force and last == key:
        return RunReport("proposals", SUBJECT, "unchanged")
    plans = rank(find_plans(outcomes, exposures, associations, answered))
    if not plans and last is None:
        return RunReport(
            "proposals",
            SUBJECT,
            "not enough data",
            f"No lever that is untried has {FEWEST_DAYS} days of an outcome it may move, and good odds of an answer.",
        )
    run = Run(
        user_id=person.user_id,
        kind="proposals",
        subject=SUBJECT,
        fingerprint=key,
        as_of=max((series.as_of for series in outcomes.values()), default=dt.datetime.now(dt.UTC)),
        known_at=next((series.known_at for series in outcomes.values()), None),
        rows=[row(plan, position) for position, plan in enumerate(plans, start=1)],
        diagnostics={
            "levers": len(LEVERS),
            "answered": len(answered),
            "proposed": len(plans),
            "protocols": {slug(plan): protocol(plan) for plan in plans},
            "left_out": words_of_left_out({**outcomes, **exposures}),
        },
    )
    return publish(database, run, force=force)


def read_associations(connection: psycopg.Connection, person: Person) -> dict[tuple[str, str], Association]:
    """Read the newest accepted associations by (outcome, exposure)."""
    rows = connection.execute(
        """
        with newest as (
          select distinct on (subject) run_id from insights.runs
          where user_id = %s and kind = 'effects' and status = 'accepted' order by subject, created_at desc
        )
        select outcome, exposure, estimate, sd, per_amount from insights.effects join newest using (run_id)
        """,
        [person.user_id],
    ).fetchall()
    return {(outcome, exposure): Association(*values) for outcome, exposure, *values in rows}


def answered_trials(connection: psycopg.Connection, person: Person) -> set[str]:
    """Names of trials of a person, planned, running or ended: what they test is not proposed again."""
    rows = connection.execute(
        "select trial from marts.trials where user_id = %s", [person.user_id]
    ).fetchall()
    return {str(trial) for (trial,) in rows}


def find_plans(
    outcomes: Mapping[str, Series],
    exposures: Mapping[str, Series],
    associations: Mapping[tuple[str, str], Association],
    answered: set[str],
) -> list[Plan]:
    """Find the shortest worthwhile design for every lever and outcome."""
    noises = {name: _noise(series) for name, series in outcomes.items() if _usable(series)}
    plans = []
    for lever in LEVERS:
        if any(_answers(trial, lever) for trial in answered):
            continue
        habit = exposures.get(lever.exposure) if lever.exposure else None
        if lever.exposure and (habit is None or not (habit.value > 0).any()):
            continue
        for metric in lever.outcomes:
            if metric not in noises:
                continue
            noise, spread = noises[metric]
            outcome = find_outcome(metric)
            smallest = outcome.smallest_effect or DEFAULT_SMALLEST_EFFECT_SD * spread
            found = associations.get((metric, lever.exposure or ""))
            prior = _prior(found, habit, spread)
            plan = _shortest(lever, outcome, noise, prior, smallest)
            if plan.assurance >= LEAST_ASSURANCE:
                plans.append(plan)
    return plans


def _usable(series: Series) -> bool:
    return len(series.day) >= FEWEST_DAYS and bool(series.value.std() > 0)


def _noise(series: Series) -> tuple[Noise, float]:
    day, value = series.day[-NOISE_DAYS:], series.value[-NOISE_DAYS:]
    spread = float(value.std(ddof=1))
    return noise_of(day, (value - value.mean()) / spread, spread), spread


def _answers(trial: str, lever: Lever) -> bool:
    words = set(trial.casefold().replace("_", "-").split("-"))
    return set(lever.slug.split("-")) <= words


def _prior(found: Association | None, habit: Series | None, spread: float) -> Belief:
    """What taking the habit away is believed to do: the association times the usual amount, less certain."""
    if found is None or habit is None:
        return Belief(0.0, VAGUE_SD * spread)
    usual = float(habit.value.mean()) / found.per_amount
    sd = OBSERVATIONAL_INFLATION * usual * found.sd
    return Belief(-found.estimate * usual, float(np.hypot(sd, VAGUE_SD * spread / 2)))


def _shortest(lever: Lever, outcome: Outcome, noise: Noise, prior: Belief, smallest: float) -> Plan:
    cycle_days = DAILY_CYCLE_DAYS if lever.design == "daily" else 2 * lever.period_days
    by_days: dict[int, float] = {}
    variance = prior.sd**2
    for cycles in range(-(-SHORTEST_DAYS // cycle_days), LONGEST_DAYS // cycle_days + 1):
        schedules = [draw(lever, cycles, cycle_days, seed) for seed in range(DRAWS)]
        cycle = np.arange(cycles * cycle_days) // cycle_days
        variance = float(np.mean([estimate_variance(arm, cycle, noise) for arm in schedules]))
        by_days[cycles * cycle_days] = assurance(prior, noise, variance, smallest)
        if by_days[cycles * cycle_days] >= WANTED_ASSURANCE:
            break
    return Plan(lever, outcome, noise, prior, smallest, cycles, cycle_days, variance, by_days)


def draw(lever: Lever, cycles: int, cycle_days: int, seed: int) -> IntArray:
    """Draw a schedule from the lever's law."""
    if lever.design == "daily":
        return draw_daily(cycles, cycle_days, seed)
    return draw_periods(cycles, lever.period_days, seed)


def rank(plans: Sequence[Plan]) -> list[Plan]:
    """Order by value per day of burden, each lever once with its best outcome."""
    best: dict[str, Plan] = {}
    for plan in sorted(plans, key=lambda plan: (-plan.value_per_day, plan.lever.slug)):
        best.setdefault(plan.lever.slug, plan)
    return list(best.values())


def row(plan: Plan, position: int) -> dict[str, object]:
    """Row of `insights.proposals`."""
    from psycopg.types.json import Jsonb

    seed, arm = schedule(plan)
    return {
        "rank": position,
        "slug": slug(plan),
        "question": question(plan),
        "lever": plan.lever.slug,
        "outcome": plan.outcome.name,
        "arms": Jsonb(list(plan.lever.arms)),
        "schedule": Jsonb(
            [{"day": t, "arm": plan.lever.arms[k]} for t, k in enumerate(arm.tolist(), start=1)]
        ),
        "seed": seed,
        "days_needed": plan.days,
        "assurance": plan.assurance,
        "expected_information_gain": information_gain(plan.prior, plan.variance),
        "value_per_day": plan.value_per_day,
        "why": why(plan),
    }


def slug(plan: Plan) -> str:
    """Name of a proposal."""
    return f"{plan.lever.slug}-{plan.outcome.name.replace('_', '-')}"


def schedule(plan: Plan) -> tuple[int, IntArray]:
    """Draw the schedule of a proposal: its seed and the arm of each day.

    The seed follows from the name: proposed again on the same data, the schedule is the same.
    """
    seed = zlib.crc32(slug(plan).encode())
    return seed, draw(plan.lever, plan.cycles, plan.cycle_days, seed)


def protocol(plan: Plan) -> dict[str, object]:
    """The protocol of a proposal, as it is imported once a first day is added; its law is that of the draw."""
    seed, arm = schedule(plan)
    daily = plan.lever.design == "daily"
    return {
        "trial": slug(plan),
        "question": question(plan),
        "arms": list(plan.lever.arms),
        "outcome": plan.outcome.name,
        **({"direction": plan.outcome.good} if plan.outcome.good else {}),
        "smallest_effect": plan.smallest_effect,
        "lag_days": plan.outcome.lag_days,
        **({"law": daily_law(plan.cycle_days)} if daily else {"period_days": plan.lever.period_days}),
        "cycles": plan.cycles,
        "seed": seed,
        "assignment": [plan.lever.arms[k] for k in arm.tolist()],
    }


def question(plan: Plan) -> str:
    """The question in plain words."""
    verb = "lower" if plan.outcome.good == "lower" else "raise"
    return f"Does {plan.lever.change} {verb} my {label(plan.outcome.name)}?"


def why(plan: Plan) -> str:
    """Why this, and why for so many days, in plain words."""
    unit = f" {plan.outcome.unit}" if plan.outcome.unit else ""
    odds = f"{100 * plan.assurance:.0f} in 100"
    noise = (
        f"your {label(plan.outcome.name)} varies by {plan.noise.sigma:.3g}{unit} from day to day, "
        f"and {plan.smallest_effect:.3g}{unit} is what would matter"
    )
    if plan.assurance >= WANTED_ASSURANCE:
        said = [f"This needs {plan.days} days: {noise}. The odds of a clear answer are then {odds}"]
    else:
        said = [
            f"Even {plan.days} days, the longest that is proposed, give odds of {odds} of a clear answer: {noise}"
        ]
    shorter = [(days, chance) for days, chance in plan.assurance_by_days.items() if days < plan.days]
    if shorter:
        days, chance = min(shorter, key=lambda pair: abs(pair[1] - 0.5))
        said.append(f"; at your day-to-day noise {days} days would be {_chance_in_words(chance)}.")
    else:
        said.append(".")
    if plan.prior.mean:
        direction = "lower" if plan.prior.mean < 0 else "higher"
        said.append(
            f" Your own days suggest {abs(plan.prior.mean):.2g}{unit} {direction}, but only an experiment can tell."
        )
    if plan.lever.not_for != "nobody":
        said.append(f" Not for {plan.lever.not_for}.")
    return "".join(said)


def _chance_in_words(chance: float) -> str:
    if 0.42 <= chance <= 0.58:
        return "a coin toss"
    return f"{100 * chance:.0f} in 100"

"""A proposal in plain words: what it asks, and why this and for so many days."""

from santorio.metrics import label
from santorio.trials.proposals.plan import DesignPlan, PriorEvidence


def question(plan: DesignPlan) -> str:
    """The question in plain words."""
    verb = {"lower": "lower", "higher": "raise", None: "change"}[plan.outcome.direction]
    return f"Does {plan.intervention.change} {verb} my {label(plan.outcome.name)}?"


def why(plan: DesignPlan) -> str:
    """Why this, and why for so many days, in plain words."""
    prior = (_ground(plan, ground) for ground in plan.basis)
    return " ".join(part for part in (plan.again, _length(plan), *prior, _exclusions(plan)) if part)


def _length(plan: DesignPlan) -> str:
    unit = f" {plan.outcome.unit}" if plan.outcome.unit else ""
    odds = f"{100 * plan.assurance:.0f} in 100"
    noise = (
        f"your {label(plan.outcome.name)} varies by {plan.noise.sigma:.3g}{unit} from day to day, "
        f"and {plan.smallest_effect:.3g}{unit} is what would matter"
    )
    if plan.is_sure:
        said = f"This needs {plan.days} days: {noise}. The odds of a clear answer are then {odds}"
    else:
        said = f"Even {plan.days} days, the best that fits your limits, give odds of {odds} of a clear answer: {noise}"
    shorter = [(days, chance) for days, chance in plan.assurance_by_days.items() if days < plan.days]
    if not shorter:
        return f"{said}."
    days, chance = min(shorter, key=lambda pair: abs(pair[1] - 0.5))
    return f"{said}; at your day-to-day noise {days} days would be {_chance_in_words(chance)}."


def _ground(plan: DesignPlan, ground: PriorEvidence) -> str:
    if not ground.effect.mean:
        return ""
    unit = f" {plan.outcome.unit}" if plan.outcome.unit else ""
    direction = "lower" if ground.effect.mean < 0 else "higher"
    size = f"{abs(ground.effect.mean):.2g}{unit} {direction}"
    lower, upper = (ground.effect.mean + side * 1.96 * ground.effect.sd for side in (-1, 1))
    likely = f"anything between {lower:+.2g} and {upper:+.2g}{unit}"
    if ground.basis == "trial":
        return f"Your earlier trial found {size}; this one starts from there, with {likely} likely."
    if ground.basis == "population":
        return (
            f"Trials of {ground.people} people here who tested this and share their results found {size} on average; "
            f"for one more person, {likely} is likely."
        )
    return f"Your own days suggest {size}, but only an experiment can tell."


def _exclusions(plan: DesignPlan) -> str:
    return f"Not for {'; nor for '.join(plan.intervention.not_for)}." if plan.intervention.not_for else ""


def _chance_in_words(chance: float) -> str:
    if 0.42 <= chance <= 0.58:
        return "a coin toss"
    return f"{100 * chance:.0f} in 100"

"""A proposal in plain words: what it asks, and why this and for so many days."""

from santorio.metrics import label
from santorio.trials.plans import Plan


def question(plan: Plan) -> str:
    """The question in plain words."""
    verb = {"lower": "lower", "higher": "raise", None: "change"}[plan.outcome.good]
    return f"Does {plan.lever.change} {verb} my {label(plan.outcome.name)}?"


def why(plan: Plan) -> str:
    """Why this, and why for so many days, in plain words."""
    return " ".join(part for part in (plan.again, _length(plan), _prior(plan), _exclusions(plan)) if part)


def _length(plan: Plan) -> str:
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


def _prior(plan: Plan) -> str:
    if plan.basis == "nothing" or not plan.prior.mean:
        return ""
    unit = f" {plan.outcome.unit}" if plan.outcome.unit else ""
    direction = "lower" if plan.prior.mean < 0 else "higher"
    if plan.basis == "trial":
        lower, upper = (plan.prior.mean + side * 1.96 * plan.prior.sd for side in (-1, 1))
        return (
            f"Your earlier trial found {abs(plan.prior.mean):.2g}{unit} {direction}; this one starts from there, with "
            f"anything between {lower:+.2g} and {upper:+.2g}{unit} likely."
        )
    return f"Your own days suggest {abs(plan.prior.mean):.2g}{unit} {direction}, but only an experiment can tell."


def _exclusions(plan: Plan) -> str:
    return f"Not for {'; nor for '.join(plan.lever.not_for)}." if plan.lever.not_for else ""


def _chance_in_words(chance: float) -> str:
    if 0.42 <= chance <= 0.58:
        return "a coin toss"
    return f"{100 * chance:.0f} in 100"

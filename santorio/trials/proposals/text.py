"""The text of a proposal: its question, and the reasons for it and for its length."""

from santorio.metrics import label
from santorio.trials.proposals.plan import DesignPlan, PriorEvidence


def question(plan: DesignPlan) -> str:
    """The question in plain words."""
    verb = {"lower": "lower", "higher": "raise", None: "change"}[plan.outcome.direction]
    return f"Does {plan.intervention.change} {verb} my {label(plan.outcome.name)}?"


def why(plan: DesignPlan) -> str:
    """Why this trial, and why for this number of days."""
    sentences = [plan.again, _length_text(plan)]
    sentences += [_evidence_text(plan, evidence) for evidence in plan.basis]
    sentences.append(_not_for_text(plan))
    return " ".join(filter(None, sentences))


def _unit(plan: DesignPlan) -> str:
    """The outcome's unit after a number."""
    return f" {plan.outcome.unit}" if plan.outcome.unit else ""


def _length_text(plan: DesignPlan) -> str:
    unit = _unit(plan)
    odds = f"{100 * plan.assurance:.0f} in 100"
    noise = (
        f"your {label(plan.outcome.name)} varies by {plan.noise.sigma:.3g}{unit} from day to day, "
        f"and {plan.smallest_effect:.3g}{unit} is what would matter"
    )
    if plan.is_sure:
        text = f"This needs {plan.days} days: {noise}. The odds of a clear answer are then {odds}"
    else:
        text = f"Even {plan.days} days, the best that fits your limits, give odds of {odds} of a clear answer: {noise}"
    shorter = [days for days in plan.assurance_by_days if days < plan.days]
    if not shorter:
        return f"{text}."
    # The shorter length nearest to even odds shows best what the additional days are for.
    days = min(shorter, key=lambda days: abs(plan.assurance_by_days[days] - 0.5))
    shorter_odds = _odds_text(plan.assurance_by_days[days])
    return f"{text}; at your day-to-day noise {days} days would be {shorter_odds}."


def _evidence_text(plan: DesignPlan, evidence: PriorEvidence) -> str:
    mean, sd = evidence.effect.mean, evidence.effect.sd
    if not mean:
        return ""
    unit = _unit(plan)
    direction = "lower" if mean < 0 else "higher"
    size = f"{abs(mean):.2g}{unit} {direction}"
    likely = f"anything between {mean - 1.96 * sd:+.2g} and {mean + 1.96 * sd:+.2g}{unit}"
    if evidence.basis == "trial":
        return f"Your earlier trial found {size}; this one starts from there, with {likely} likely."
    if evidence.basis == "population":
        return (
            f"Trials of {evidence.people} people here who tested this and share their results found {size} on average; "
            f"for one more person, {likely} is likely."
        )
    return f"Your own days suggest {size}, but only an experiment can tell."


def _not_for_text(plan: DesignPlan) -> str:
    if not plan.intervention.not_for:
        return ""
    return f"Not for {'; nor for '.join(plan.intervention.not_for)}."


def _odds_text(probability: float) -> str:
    if 0.42 <= probability <= 0.58:
        return "a coin toss"
    return f"{100 * probability:.0f} in 100"

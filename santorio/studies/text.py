"""Answers as text: one sentence with its uncertainty first. “Raised” only where the arms were randomised."""

from santorio.rendering.text import decision_text, number, percent
from santorio.stats.decisions import Decision
from santorio.studies.result import Effect, OutcomeAnswer
from santorio.studies.spec import Design, OutcomeColumn, Study

SCHEMES = {
    "days": "Each day was assigned {method}",
    "periods": "Periods of {period} {word}s were assigned {method}",
    "counterbalanced": "Arms followed a mirrored order such as ABBA, assigned {method}",
    "alternating": "Arms alternated",
    "phases": "Arms followed each other in phases, assigned {method}",
    "unknown": "How rows were assigned to arms is not stated",
}


def describe_design(design: Design, word: str) -> str:
    """Describe how rows were assigned to arms, and what may be claimed from it."""
    method = "at random" if design.is_randomised else "by choice, not at random"
    text = SCHEMES[design.scheme].format(period=design.period, word=word, method=method)
    if design.block and design.scheme == "days":
        text += f", in balanced blocks of {design.block}"
    if design.is_randomised:
        return f"{text}: a difference can be attributed to the arm."
    return f"{text}: a difference is an association, which may have another cause."


def in_unit(value: float, outcome: OutcomeColumn, *, signed: bool = False) -> str:
    """Write an amount with its unit; a share of binary rows in percentage points."""
    if outcome.kind == "binary":
        return f"{number(100 * value, signed=signed)} percentage points"
    return f"{number(value, signed=signed)} {outcome.unit}".strip()


def interval(effect: Effect, outcome: OutcomeColumn) -> str:
    """Write the 95 % interval of an effect."""
    factor = 100 if outcome.kind == "binary" else 1
    return f"95 % interval {number(factor * effect.lower_95)} to {number(factor * effect.upper_95)}"


def decision_texts(outcome: OutcomeAnswer) -> str:
    """Meaning of the decisions on an outcome, each text once."""
    texts = [decision_text(comparison.decision) for comparison in outcome.comparisons]
    return " ".join(dict.fromkeys(texts))


def ratio_text(effect: Effect) -> str | None:
    """Write an effect as a ratio with its 95 % interval, where the scale of the analysis has one."""
    if effect.odds_ratio is not None:
        ratio, lower, upper = effect.odds_ratio
        return f"{number(ratio)} ({number(lower)} to {number(upper)})"
    if effect.percent is not None:
        change, lower, upper = effect.percent
        return f"{number(change, signed=True)} % ({number(lower)} to {number(upper)})"
    return None


def case_prefix(case: str, *, several: bool) -> str:
    """Name of a case before a text on it; a single case needs none."""
    return f"{case}: " if several else ""


def answer_sentence(
    study: Study,
    outcome: OutcomeColumn,
    arm: str,
    reference: str,
    effect: Effect,
    decision: Decision,
    delta: float,
) -> str:
    """Answer the question in a sentence or two."""
    name = outcome.name[:1].upper() + outcome.name[1:]
    about = f"{in_unit(effect.estimate, outcome, signed=True)} ({interval(effect, outcome)})"
    if effect.percent is not None:
        about += f", or {number(effect.percent[0], signed=True)} %"
    against = f"“{arm}” against “{reference}”"
    matters = in_unit(delta, outcome)
    if decision == "no difference that matters":
        return (
            f"{name}: no difference that matters between “{arm}” and “{reference}” was found: {about}; with "
            f"{percent(effect.probability_within)} probability it is smaller than {matters}."
        )
    if decision == "keep going":
        return (
            f"{name}: it cannot be said yet whether {against} makes a difference that matters. The best estimate is "
            f"{about}. More than {matters} up: {percent(effect.probability_above)}; more than that down: "
            f"{percent(effect.probability_below)}; less than that: {percent(effect.probability_within)}."
        )
    verb, adjective, beyond = "lowered", "lower", effect.probability_below
    if effect.estimate > 0:
        verb, adjective, beyond = "raised", "higher", effect.probability_above
    certainty = f"with {percent(beyond)} probability by more than the {matters} that matter"
    # A verb of cause is for randomised studies alone.
    if study.design.is_randomised:
        return f"“{arm}” {verb} {outcome.name}, against “{reference}”, by {about}; {certainty}."
    return (
        f"{name} was {adjective} with “{arm}” than with “{reference}” by {about}; {certainty}. This is an "
        "association: the arms were not assigned at random."
    )

"""Answers in words: one sentence with its uncertainty first. “Raised” only where chance decided who had what."""

from santorio.rendering.text import number, percent
from santorio.stats.decisions import Decision
from santorio.studies.result import Effect
from santorio.studies.spec import Design, OutcomeColumn, Study

LAWS = {
    "days": "Chance decided on each day",
    "periods": "Chance decided on periods of {period} {word}s",
    "counterbalanced": "Arms followed a mirrored order such as ABBA",
    "alternating": "Arms took turns",
    "phases": "Arms followed each other in phases",
    "unknown": "How rows came to their arms is not stated",
}


def say_design(design: Design, word: str) -> str:
    """Say how rows came to their arms, and what may be claimed for it."""
    said = LAWS[design.scheme].format(period=design.period, word=word)
    if design.scheme in {"counterbalanced", "phases"}:
        said += ", drawn by chance" if design.is_randomised else ", which chance did not decide"
    elif design.scheme in {"days", "periods"} and not design.is_randomised:
        said = said.replace("Chance decided on", "Somebody decided on")
    if design.block and design.scheme == "days":
        said += f", with a balance in every {design.block}"
    if design.is_randomised:
        return f"{said}: a difference can be put down to the arm."
    return f"{said}: a difference is an association, and something else may lie behind it."


def in_unit(value: float, outcome: OutcomeColumn, *, signed: bool = False) -> str:
    """Write an amount with its unit; a share of binary rows in percentage points."""
    if outcome.kind == "binary":
        return f"{number(100 * value, signed=signed)} percentage points"
    return f"{number(value, signed=signed)} {outcome.unit}".strip()


def interval(effect: Effect, outcome: OutcomeColumn) -> str:
    """Write the 95 % interval of an effect."""
    if outcome.kind == "binary":
        return f"95 % interval {number(100 * effect.lower_95)} to {number(100 * effect.upper_95)}"
    return f"95 % interval {number(effect.lower_95)} to {number(effect.upper_95)}"


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
    up = effect.estimate > 0
    beyond = effect.probability_above if up else effect.probability_below
    sure = f"with {percent(beyond)} probability by more than the {matters} that matter"
    if study.design.is_randomised:
        verb = "raised" if up else "lowered"
        return f"“{arm}” {verb} {outcome.name}, against “{reference}”, by {about}; {sure}."
    verb = "higher" if up else "lower"
    return (
        f"{name} was {verb} with “{arm}” than with “{reference}” by {about}; {sure}. This is an association: chance "
        "did not decide who had what when."
    )

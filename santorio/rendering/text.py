"""Numbers, probabilities and decisions as text, the same in every report."""

from collections.abc import Sequence

from santorio.stats.decisions import Control, Decision

DECISION_TEXTS: dict[Decision | Control, str] = {
    "adopt": "It speaks for adopting it.",
    "avoid": "It speaks for avoiding it.",
    "raises": "Whether more of it is welcome was not stated.",
    "lowers": "Whether less of it is welcome was not stated.",
    "no difference that matters": "It makes no difference that matters.",
    "keep going": "More data is needed before it can be judged.",
    "nothing found": "Nothing was found, as it should be.",
    "something found": "Something was found where nothing can be.",
}


def number(value: float, *, signed: bool = False) -> str:
    """Write a number with the digits that a reader can use."""
    size = abs(value)
    if size >= 100:
        digits = 0
    elif size >= 10:
        digits = 1
    elif size >= 0.1:
        digits = 2
    else:
        digits = 3
    sign = "+" if signed else ""
    text = f"{value:{sign}.{digits}f}"
    if float(text) == 0:
        # Neither +0.000 nor −0.000.
        text = text.replace("-", "").replace("+", "")
    # A minus sign, not a hyphen.
    return text.replace("-", "−")


def as_given(value: float, unit: str = "") -> str:
    """Write a number that a person chose, with the digits that they gave it."""
    return f"{value:.6g} {unit}".strip().replace("-", "−")


def percent(probability: float) -> str:
    """Write a probability in percent, never as certain."""
    if probability > 0.995:
        return "over 99 %"
    if probability < 0.005:
        return "under 1 %"
    return f"{100 * probability:.0f} %"


def plural(count: int, noun: str) -> str:
    """Write a number of things: “1 day”, “2 days”."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}s"


def join_words(words: Sequence[str]) -> str:
    """Join words as a list: “a”, “a and b”, “a, b and c”."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def decision_text(decision: Decision | Control) -> str:
    """Describe what a decision means for the person."""
    return DECISION_TEXTS[decision]


def with_unit(name: str, unit: str) -> str:
    """Label of an axis or a table: the name with its unit in parentheses."""
    if not unit:
        return name
    return f"{name} ({unit})"


def capitalize_first(text: str) -> str:
    """Text with a capital first letter; the rest as it is."""
    return text[:1].upper() + text[1:]

"""Numbers, probabilities and decisions in words, as every report writes them."""

from collections.abc import Sequence

from santorio.stats.decisions import Control, Decision


def number(value: float, *, signed: bool = False) -> str:
    """Write a number with the digits that a reader can use."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.replace("-", "").replace("+", "")
    return text.replace("-", "−")


def stated(value: float, unit: str = "") -> str:
    """Write a number that somebody chose, as they would."""
    return f"{value:.6g} {unit}".strip().replace("-", "−")


def percent(probability: float) -> str:
    """Write a probability, never as certain."""
    if probability > 0.995:
        return "over 99 %"
    return "under 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"


def counted(number_of: int, word: str) -> str:
    """Write a number of things."""
    return f"1 {word}" if number_of == 1 else f"{number_of} {word}s"


def enumerated(words: Sequence[str]) -> str:
    """Write words one after the other: “a”, “a and b”, “a, b and c”."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def judged(decision: Decision | Control) -> str:
    """Say what a decision means for the person."""
    told: dict[Decision | Control, str] = {
        "adopt": "It speaks for adopting it.",
        "avoid": "It speaks for avoiding it.",
        "raises": "Whether more of it is welcome was not stated.",
        "lowers": "Whether less of it is welcome was not stated.",
        "no difference that matters": "It makes no difference that matters.",
        "keep going": "More data is needed before it can be judged.",
        "nothing found": "Nothing was found, as it should be.",
        "something found": "Something was found where nothing can be.",
    }
    return told[decision]

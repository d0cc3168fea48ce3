"""Estimates of a trial's report as text: amounts, intervals, effects and p-values."""

from santorio.rendering.text import as_given, number
from santorio.trials.report.data import Result


def amount_text(value: float, unit: str, *, signed: bool = False) -> str:
    """An amount with its unit."""
    return f"{number(value, signed=signed)} {unit}".strip()


def interval_text(lower: float, upper: float) -> str:
    """The two ends of an interval."""
    return f"{number(lower)} to {number(upper)}"


def estimate_text(estimate: float, lower_95: float, upper_95: float, unit: str) -> str:
    """An effect in a unit, with its 95 % interval."""
    amount = amount_text(estimate, unit, signed=True)
    return f"{amount} (95 % interval {interval_text(lower_95, upper_95)})"


def effect_text(result: Result) -> str:
    """The effect of an arm with its uncertainty."""
    return estimate_text(result.estimate, result.lower_95, result.upper_95, result.unit)


def smallest_effect_text(result: Result) -> str:
    """The smallest effect that matters, with the digits in which it was stated."""
    return as_given(result.smallest_effect, result.unit)


def p_value_text(p_value: float | None, *, missing: str) -> str:
    """The p-value of a randomisation test; `missing` where there is no test."""
    return missing if p_value is None else f"{p_value:.2g}"

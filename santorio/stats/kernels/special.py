"""Special functions that Numba lacks, for densities written as loops. Heavy: import it where a model is built."""

import math

from numba.extending import register_jitable


@register_jitable  # type: ignore[untyped-decorator]
def digamma(x: float) -> float:
    """Derivative of the log gamma function for x > 0: recurrence, then the asymptotic series.

    Abramowitz & Stegun 6.3.5 and 6.3.18; accurate to 1e-12.
    """
    total = 0.0
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    f = 1.0 / (x * x)
    series = f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f * (1 / 240 - f / 132))))
    return total + math.log(x) - 0.5 / x - series


@register_jitable  # type: ignore[untyped-decorator]
def expit(x: float) -> float:
    """Inverse of the logit."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    return math.exp(x) / (1.0 + math.exp(x))


@register_jitable  # type: ignore[untyped-decorator]
def log_expit(x: float) -> float:
    """Logarithm of the inverse logit."""
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))

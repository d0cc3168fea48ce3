"""Sensitivity of an association to an unmeasured confounder: how strong one would have to be to explain it."""

import math


def robustness_value(f: float) -> float:
    """Robustness value of Cinelli & Hazlett (2020, doi:10.1111/rssb.12348, equation 18).

    Parameters
    ----------
    f : float
        Partial Cohen's f of the exposure with the outcome, |t| / √(degrees of freedom); 0 or more.

    Returns
    -------
    float
        Share of the residual variance, both of the outcome and of the exposure, that a confounder would have to
        explain.
    """
    return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)


def robustness(estimate: float, sd: float, degrees: float) -> tuple[float, float]:
    """Robustness values of an association: for the estimate, and for its 95 % interval.

    Parameters
    ----------
    estimate, sd : float
        Posterior mean and standard deviation of the effect.
    degrees : float
        Days, less the coefficients that the model uses up.

    Returns
    -------
    to_nothing : float
        Strength of a confounder that brings the estimate to zero.
    to_doubt : float
        Strength of a confounder that brings zero into the interval; 0 where it is in it without any.
    """
    from scipy.stats import t

    degrees = max(degrees, 2.0)
    f = abs(estimate) / sd / math.sqrt(degrees)
    # The f of an estimate at the edge of significance, with a degree of freedom less for the confounder.
    critical = float(t.ppf(0.975, degrees - 1)) / math.sqrt(degrees - 1)
    return robustness_value(f), robustness_value(max(f - critical, 0.0))

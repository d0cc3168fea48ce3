"""What a report computes from a posterior that was kept: densities, cycles, the prior's parts, and how well it fits.

Nothing is sampled again. Pure arrays; no data access.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from santorio.arrays import FloatArray
from santorio.stats.design_matrix import TrialDesign
from santorio.stats.effect_priors import CarryOver, EffectPrior
from santorio.stats.exact_inference import fit_trial
from santorio.stats.exact_posterior import ExactPosterior
from santorio.stats.sampler import Fit
from santorio.trials.analysis.preprocessing import FEWEST_DAYS

GRID = 401
# Of the posterior's draws, so many are turned into days again.
REPLICATES = 400
# More than 95 % or less than 5 % of simulated trials beyond the observed one: the model misses something.
UNUSUAL = 0.05


@dataclass(frozen=True)
class Predicted:
    """One feature of the days, and the share of simulated trials that have more of it.

    Attributes
    ----------
    feature : str
        What was looked at, in words.
    share_above : float
        Posterior predictive probability of at least what was observed, ties counted by half.
    """

    feature: str
    share_above: float

    @property
    def is_unusual(self) -> bool:
        """Whether the model hardly ever makes such days."""
        return not UNUSUAL <= self.share_above <= 1 - UNUSUAL


@dataclass(frozen=True)
class Posterior:
    """A posterior that was kept, with what it was fitted to.

    Attributes
    ----------
    arms : tuple[str, ...]
        The reference first.
    center, spread : float
        What the outcome was standardised by, in its own unit.
    """

    fit: Fit
    arms: tuple[str, ...]
    design: TrialDesign
    standard: FloatArray
    center: float
    spread: float

    @classmethod
    def of(cls, fit: Fit, reference: str) -> "Posterior":
        """The posterior as `santorio.trials.analysis.pipeline` labels it before it is kept."""
        constant = fit.data["constant_data"]
        others = tuple(str(arm) for arm in fit.coords["arm"])
        design = TrialDesign(
            day=np.array(fit.coords["study_day"], dtype=np.int64),
            arm=constant["assigned_arm"].astype(np.int64),
            cycle=constant["cycle"].astype(np.int64),
            known=constant["is_known"].astype(bool),
            arms=len(others) + 1,
        )
        return cls(
            fit,
            (reference, *others),
            design,
            np.asarray(fit.data["observed_data"]["outcome"], dtype=float),
            float(constant["center"]),
            float(constant["spread"]),
        )

    @cached_property
    def outcome(self) -> FloatArray:
        """Outcome of every study day in its own unit; NaN where the model had none."""
        values = np.full(len(self.design.day), np.nan)
        values[self.design.known] = self.center + self.spread * self.standard
        return values

    def effect(self, contrast: int) -> FloatArray:
        """Draws of an arm's effect against the reference, in the outcome's unit."""
        return np.asarray(self.fit.draws["effect"][:, contrast - 1] * self.spread)

    def cycles(self, contrast: int) -> list[FloatArray]:
        """Draws of an arm's effect in each cycle, in the outcome's unit; empty with one cycle."""
        terms = [str(term) for term in self.fit.coords["term"]]
        names = [f"arm_{contrast}_cycle_{cycle}" for cycle in range(self.design.cycles)]
        if names[0] not in terms:
            return []
        coefficient = self.fit.draws["coefficient"]
        return [self.effect(contrast) + coefficient[:, terms.index(name)] * self.spread for name in names]

    def densities(self, contrast: int, prior: EffectPrior) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Where an effect may be, how dense the posterior is there, and how dense the prior was.

        The posterior's density is a kernel's over the draws. The prior is one in units of σ: it is drawn with the
        posterior's mean of σ.
        """
        from scipy.stats import gaussian_kde

        effect = self.effect(contrast)
        reach = max(4.5 * float(effect.std()), abs(float(effect.mean())) * 1.2)
        at = np.linspace(float(effect.mean()) - reach, float(effect.mean()) + reach, GRID)
        unit = float(self.fit.draws["sigma"].mean()) * self.spread
        before = sum(
            weight * _normal(at, mean * unit, sd * unit)
            for weight, mean, sd in zip(prior.weights, prior.means, prior.sds, strict=True)
        )
        return at, np.asarray(gaussian_kde(effect)(at)), np.asarray(before)

    def prior_weights(self, contrast: int, prior: EffectPrior) -> FloatArray:
        """Weight of each part of the prior after the data: how probably it is the one that the effect came from."""
        theta = self.fit.draws["effect"][:, contrast - 1] / self.fit.draws["sigma"]
        parts = np.stack(
            [
                weight * _normal(theta, mean, sd)
                for weight, mean, sd in zip(prior.weights, prior.means, prior.sds, strict=True)
            ]
        )
        return np.asarray((parts / parts.sum(axis=0)).mean(axis=1))

    def without(
        self, left_out: Sequence[int], carry_over: CarryOver | None, prior: EffectPrior
    ) -> ExactPosterior | None:
        """The exact posterior without some study days; None where an arm would keep too few.

        Parameters
        ----------
        left_out : Sequence[int]
            Study days as days since 1970-01-01. Their assigned arms still carry over.
        """
        inside = np.isin(self.design.day[self.design.known], np.array(left_out, dtype=np.int64), invert=True)
        known = self.design.known.copy()
        known[known] = inside
        if np.bincount(self.design.arm[known], minlength=self.design.arms).min() < FEWEST_DAYS:
            return None
        design = TrialDesign(self.design.day, self.design.arm, self.design.cycle, known, self.design.arms)
        return fit_trial(design, self.standard[inside], carry_over=carry_over, prior=prior)

    def predicted(self, seed: int = 2614) -> list[Predicted]:
        """Hold the days against days that the fitted model makes (Gelman, Meng & Stern 1996)."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.fit.draws["sigma"]), size=REPLICATES)
        noise = np.stack([self._noise(draw) for draw in chosen])
        made = np.stack([self._noise_again(draw, rng) for draw in chosen])
        told = []
        for feature, measure in FEATURES.items():
            simulated, observed = measure(made), measure(noise)
            above = (simulated > observed).mean() + (simulated == observed).mean() / 2
            told.append(Predicted(feature, float(above)))
        return told

    def _noise(self, draw: int) -> FloatArray:
        """What a draw leaves unexplained of the days."""
        draws = self.fit.draws
        columns = self.design.columns(float(draws["carry_over"][draw])).values
        return np.asarray(self.standard - columns @ draws["coefficient"][draw])

    def _noise_again(self, draw: int, rng: np.random.Generator) -> FloatArray:
        """Noise as a draw has it: a stationary AR(1) over the gaps of the study."""
        draws = self.fit.draws
        rho, sigma = float(draws["rho"][draw]), float(draws["sigma"][draw])
        gap_days = self.design.columns().gap_days
        step = rho**gap_days
        values = rng.normal(size=len(gap_days))
        for day in range(1, len(values)):
            values[day] = step[day] * values[day - 1] + np.sqrt(1 - step[day] ** 2) * values[day]
        return np.asarray(sigma * values)


def _resemblance(days: FloatArray) -> FloatArray:
    return np.asarray((days[:, 1:] * days[:, :-1]).sum(axis=1) / (days**2).sum(axis=1))


def _largest(days: FloatArray) -> FloatArray:
    return np.asarray(np.abs(days).max(axis=1))


def _lopsidedness(days: FloatArray) -> FloatArray:
    return np.asarray((days**3).mean(axis=1) / (days**2).mean(axis=1) ** 1.5)


# What the model could miss of the days: shape (trials, days) in, one number a trial out.
FEATURES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "how strongly a day resembles the day before": _resemblance,
    "the largest departure of a single day": _largest,
    "how lopsided days are": _lopsidedness,
}


def _normal(at: FloatArray, mean: float, sd: float) -> FloatArray:
    return np.asarray(np.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi)))

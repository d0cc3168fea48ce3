r"""The sampled model of the associations of all of a person's outcomes with all their exposures.

With outcome o and exposures standardised and σ_o the residual spread of a day::

    y_{o,t} / σ_o = level + trend_t + weekday_t + unknown_t + Σ_j β_{j,o} x_{j,t-lag} + η_{o,t}
    η_o      stationary AR(1) of unit variance, correlation ρ_o^Δ over Δ days: the outcome's own past
    β_{j,o}  ~ Normal(0, s_{j,o}²),   s² = c² τ_o² λ² / (c² + τ_o² λ²),   c = 1
    λ_{j,o}  = tan(π Φ(z_{j,o}) / 2): HalfCauchy(1), for z standard normal
    z_{j,o}  = √w u_j + √(1-w) v_{j,o},   u, v ~ Normal(0, 1),   w ~ Beta(2, 2)
    τ_o      = τ exp(h_o / 2),   h_o ~ Normal(0, 1),   τ ~ HalfNormal(0.2)
    σ_o²     ~ InverseGamma(2, 1),   ρ_o = 2u - 1, u ~ Beta(6, 1.5)

The regularised horseshoe of Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI), its local scales joined over outcomes
by a Gaussian copula: an exposure that matters for one outcome is likelier to matter for another, to the degree w, and
each λ by itself is half-Cauchy, as for one outcome alone. A confounder is adjusted for with s = 0.5 instead: a sparse
prior would leave a part of it in what it confounds (Hahn et al. 2018, doi:10.1214/16-BA1044).

The coefficients and σ_o are integrated out in closed form, see `marginal_likelihood.py`: only ρ, τ, h, w, u and v are
sampled, without the funnels of a horseshoe; coefficients and σ_o are then drawn exactly, given those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from santorio.analyses.effects.marginal_likelihood import FIRST, LAST, STEP, MarginalLikelihood
from santorio.arrays import FloatArray
from santorio.stats import exact_inference
from santorio.stats.prior import Prior
from santorio.stats.sampler import Diagnostics, Fit, RegressionModel, convergence

# Draws whose matrices are computed together: 64 exposures then take 30 MB.
DRAWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Effects:
    """The effects of a fit for each outcome, in units of the standardised outcome and exposures.

    Attributes
    ----------
    fit : Fit
        As sampled.
    effect : FloatArray
        Draws, shape (draws, outcomes, exposures).
    sigma : FloatArray
        Draws, shape (draws, outcomes).
    parameters : FloatArray
        Effective number of coefficients of each outcome's exposures after shrinkage, shape (outcomes,).
    """

    fit: Fit
    effect: FloatArray
    sigma: FloatArray
    parameters: FloatArray

    @property
    def diagnostics(self) -> Diagnostics:
        """The sampler's, over what was sampled and over the effects."""
        return self.fit.diagnostics


class EffectsModel(RegressionModel):
    """Shrunken effects of several exposures on several outcomes.

    Parameters
    ----------
    outcomes, exposures : int
        How many. One compilation serves all numbers.
    model_config, sampler_config
        See `RegressionModel`.
    """

    # In the order of `kernel.py`: of an effect that is not shrunk, of τ, of the logarithm by which an
    # outcome's τ departs, of a confounder's effect, of σ², of ρ on the unit interval, and of w.
    default_model_config: ClassVar[Mapping[str, Prior]] = {
        "slab": Prior("Normal", sigma=1),
        "tau": Prior("HalfNormal", sigma=0.2),
        "departure": Prior("Normal", sigma=0.5),
        "confounder": Prior("Normal", sigma=0.5),
        "variance": Prior(
            "InverseGamma", alpha=exact_inference.VARIANCE_SHAPE, beta=exact_inference.VARIANCE_SCALE
        ),
        "unit_rho": Prior("Beta", alpha=exact_inference.RHO_BETA[0], beta=exact_inference.RHO_BETA[1]),
        "share": Prior("Beta", alpha=2, beta=2),
    }
    default_sampler_config: ClassVar[Mapping[str, Any]] = {
        **RegressionModel.default_sampler_config,
        # τ and the largest effects lie on a gentle ridge: three years of ten outcomes and 25 exposures give τ an ESS
        # of 1000. At a target of 0.9 it is 700, and takes half as long again.
        "draws": 1500,
        "target_accept": 0.8,
    }

    def __init__(
        self,
        outcomes: int,
        exposures: int,
        model_config: Mapping[str, Prior] | None = None,
        sampler_config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model_config, sampler_config)
        for name, prior in self.model_config.items():
            required = self.default_model_config[name].distribution
            if prior.distribution != required:
                msg = f"the prior of {name} is {required}: the density is written for it"
                raise ValueError(msg)
        self.outcomes = outcomes
        self.exposures = exposures

    @property
    def shape(self) -> tuple[int, ...]:
        """Outcomes and exposures; the days are data."""
        return (self.outcomes, self.exposures)

    @property
    def settings(self) -> FloatArray:
        """Parameters of the priors and the table of the splines, in the order of `effects_density`."""
        parameters: list[float] = []
        for name in self.default_model_config:
            parameters += [value for _, value in self.model_config[name].parameters]
        return np.array([*parameters, FIRST, LAST, STEP])

    def build_model(self) -> Any:
        """Build the model for nutpie, without data: it samples `effects_density` directly, without PyMC."""
        from nutpie.compiled_pyfunc import from_pyfunc

        from santorio.analyses.effects.kernel import compiled_density

        density = compiled_density()
        outcomes, exposures = self.outcomes, self.exposures
        dims: dict[str, tuple[str, ...]] = {
            "unit_rho": ("outcome",),
            "tau": (),
            "share": (),
            "departure": ("outcome",),
            "common": ("exposure",),
            "own": ("outcome", "exposure"),
        }
        sizes = {"outcome": outcomes, "exposure": exposures}
        shapes = []
        for parameter_dims in dims.values():
            shape = tuple(sizes[dim] for dim in parameter_dims)
            shapes.append(shape)
        # Where each parameter ends in the sampler's vector.
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])

        def log_density(position: FloatArray, **data: FloatArray) -> tuple[float, FloatArray]:
            return density(  # type: ignore[no-any-return]
                position, data["splines"], data["days"], data["is_confounder"], data["settings"]
            )

        def expand(position: FloatArray, **_: FloatArray) -> dict[str, FloatArray]:
            """The parameters by name, from the sampler's unbounded scale."""
            parts = zip(dims, np.split(position, ends[:-1]), shapes, strict=True)
            parameters = {name: part.reshape(shape) for name, part, shape in parts}
            for name in ("unit_rho", "share"):
                parameters[name] = 1 / (1 + np.exp(-parameters[name]))
            parameters["tau"] = np.exp(parameters["tau"])
            # NumPy makes numbers of arrays without dimensions; nutpie needs arrays.
            return {name: np.asarray(value) for name, value in parameters.items()}

        return from_pyfunc(
            int(ends[-1]),
            lambda: log_density,
            lambda *_: expand,
            [np.dtype(np.float64)] * len(dims),
            shapes,
            list(dims),
            dims=dims,
            coords={dim: np.arange(size) for dim, size in sizes.items()},
            shared_data={"splines": None, "days": None, "is_confounder": None, "settings": self.settings},
            make_initial_point_fn=lambda seed: np.random.default_rng(seed).uniform(-1, 1, int(ends[-1])),
        )

    def compile(self) -> Any:
        """Return the model itself: its compiled density serves every shape, so that there is nothing to cache."""
        return self.build_model()

    def fit(
        self, evidence: Sequence[MarginalLikelihood], is_confounder: NDArray[np.bool_] | None = None
    ) -> Effects:
        """Sample the posterior.

        Parameters
        ----------
        evidence : Sequence[MarginalLikelihood]
            Of each outcome, all with the same exposures; one that an outcome does not have is a column of zeros.
        is_confounder : NDArray[np.bool_], optional
            Exposures that are adjusted for without shrinking them to nothing; by default none. Shape (exposures,).
        """
        confounders = np.zeros(evidence[0].exposures)
        if is_confounder is not None:
            confounders = is_confounder.astype(float)
        fit = self.sample(
            {
                "splines": np.stack([outcome_evidence.splines for outcome_evidence in evidence]),
                "days": np.array([float(outcome_evidence.days) for outcome_evidence in evidence]),
                "is_confounder": confounders,
            }
        )
        scale = self.scales(fit.draws, confounders)
        rng = np.random.default_rng(self.sampler_config["seed"])
        effects, sigmas, parameters = [], [], []
        for o, outcome_evidence in enumerate(evidence):
            effect, sigma, used = self.draw(outcome_evidence, fit.draws["unit_rho"][:, o], scale[:, o], rng)
            effects.append(effect)
            sigmas.append(sigma)
            parameters.append(used)
        drawn = {"effect": np.stack(effects, axis=1), "sigma": np.stack(sigmas, axis=1)}
        return Effects(
            _with_diagnostics_of(fit, drawn), drawn["effect"], drawn["sigma"], np.array(parameters)
        )

    def scales(self, draws: Mapping[str, FloatArray], is_confounder: FloatArray) -> FloatArray:
        """Scales s of every draw, shape (draws, outcomes, exposures)."""
        from scipy.special import ndtr

        slab = self.model_config["slab"]["sigma"]
        departure = self.model_config["departure"]["sigma"]
        confounder = self.model_config["confounder"]["sigma"]
        share = draws["share"][:, None, None]
        standard = np.sqrt(share) * draws["common"][:, None] + np.sqrt(1 - share) * draws["own"]
        # λ by the tail nearer to z, where Φ is exact: tan(π/2 - x) = 1 / tan(x).
        tail = np.tan(np.pi / 2 * ndtr(-np.abs(standard)))
        local = np.where(standard < 0, tail, 1 / tail)
        tau = draws["tau"][:, None] * np.exp(departure * draws["departure"])
        unbounded = tau[:, :, None] * local
        scale = slab / np.sqrt(1 + (slab / unbounded) ** 2)
        return np.where(is_confounder > 0, confounder, scale)

    def draw(
        self, evidence: MarginalLikelihood, unit_rho: FloatArray, scale: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, float]:
        """Draw an outcome's effects and σ, exactly, given ρ and the scales of every draw.

        With K = I + S X'H⁻¹X S and m = K⁻¹ S X'H⁻¹y: σ² ~ InverseGamma(a + n/2, b + ½ q), β ~ Normal(S m, σ² S K⁻¹ S).

        Returns
        -------
        effect, sigma : FloatArray
            Shapes (draws, exposures) and (draws,).
        parameters : float
            Mean of tr(I - K⁻¹): the effective number of coefficients after shrinkage.
        """
        shape, rate = self.model_config["variance"]["alpha"], self.model_config["variance"]["beta"]
        effects, sigmas, used = [], [], []
        for first in range(0, len(scale), DRAWS_AT_A_TIME):
            batch = slice(first, first + DRAWS_AT_A_TIME)
            rho, s = unit_rho[batch], scale[batch]
            gram, crossed, quadratic, _ = evidence.at(np.log(rho / (1 - rho)))
            kernel = np.eye(s.shape[1]) + s[:, :, None] * gram * s[:, None, :]
            # With K = L L': R = L'⁻¹, so that K⁻¹ = R R'.
            inverse_root = np.linalg.inv(np.linalg.cholesky(kernel)).transpose(0, 2, 1)
            half = np.einsum("dkj,dk->dj", inverse_root, s * crossed)
            residual = rate + 0.5 * (quadratic - (half**2).sum(axis=1))
            sigma = np.sqrt(residual / rng.gamma(shape + 0.5 * evidence.days, size=len(s)))
            standard = half + sigma[:, None] * rng.normal(size=s.shape)
            effects.append(s * np.einsum("djk,dk->dj", inverse_root, standard))
            sigmas.append(sigma)
            used.append(s.shape[1] - (inverse_root**2).sum(axis=(1, 2)))
        return np.concatenate(effects), np.concatenate(sigmas), float(np.concatenate(used).mean())


def _with_diagnostics_of(fit: Fit, drawn: Mapping[str, FloatArray]) -> Fit:
    """The fit with the diagnostics of both the sampled parameters and the drawn ones: the worse of each."""
    sampled = fit.diagnostics
    by_chain = {name: values.reshape(sampled.chains, sampled.draws, -1) for name, values in drawn.items()}
    r_hat, bulk, tail = convergence(by_chain)
    # NaN, from chains that never moved, is the worst of all: NumPy's maximum and minimum keep it.
    diagnostics = replace(
        sampled,
        r_hat=float(np.maximum(sampled.r_hat, r_hat)),
        ess_bulk=float(np.minimum(sampled.ess_bulk, bulk)),
        ess_tail=float(np.minimum(sampled.ess_tail, tail)),
    )
    return replace(fit, diagnostics=diagnostics)

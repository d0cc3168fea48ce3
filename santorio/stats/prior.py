"""Priors as objects: a named distribution with its parameters, which becomes a variable when a model is built."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, init=False)
class Prior:
    """The prior of one parameter, in a model's configuration.

    The calls are those of `pymc_extras.prior.Prior`; version 0.10 of that package cannot be imported beside PyTensor 3.

    Parameters
    ----------
    distribution : str
        Name of a distribution of PyMC.
    **parameters : float
        Its parameters by their names in PyMC.

    Examples
    --------
    >>> from santorio.stats.prior import Prior
    >>> prior = Prior("Beta", alpha=6, beta=1.5)
    >>> prior["alpha"]
    6.0
    >>> prior == Prior.from_dict(prior.to_dict())
    True
    """

    distribution: str
    # Sorted pairs instead of a mapping: a prior is part of the key of a compiled model, and must be hashable.
    parameters: tuple[tuple[str, float], ...]

    def __init__(self, distribution: str, **parameters: float) -> None:
        pairs = sorted((name, float(value)) for name, value in parameters.items())
        object.__setattr__(self, "distribution", distribution)
        object.__setattr__(self, "parameters", tuple(pairs))

    def __getitem__(self, parameter: str) -> float:
        """Value of a parameter."""
        return dict(self.parameters)[parameter]

    def create_variable(self, name: str, transform: Any = None) -> Any:
        """Declare the parameter, without dimensions, in the PyMC model that is being built.

        Parameters
        ----------
        transform : pymc.distributions.transforms.Transform, optional
            The scale on which it is sampled; by default the one that PyMC takes for the distribution.
        """
        import pymc as pm

        arguments: dict[str, Any] = dict(self.parameters)
        if transform is not None:
            arguments["default_transform"] = transform
        return getattr(pm, self.distribution)(name, **arguments)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {"dist": self.distribution, "kwargs": dict(self.parameters)}

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> Self:
        """The prior of a dictionary that `to_dict` wrote."""
        return cls(stated["dist"], **stated["kwargs"])

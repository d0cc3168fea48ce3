"""Densities written as loops, as PyTensor operations with their gradients. Heavy: import it where a model is built.

Written as PyTensor expressions the density of a trial costs 15 s of compilation (and a matrix product 36 s more, for
Numba's BLAS wrapper); as one loop it costs little, and the graph around it stays small.
"""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

# Files with the functions that a loop calls: its compiled form stays on disk until one of them changes.
SOURCES = ("special.py", "gaussian.py", "likelihoods.py", "latent.py")


class LoopDensity(Op):  # type: ignore[misc]
    """A log density with its gradient as further outputs, so that one pass over the days gives both.

    Parameters
    ----------
    function : Callable
        Takes arrays; returns the log density as an array without dimensions, and its derivatives by each of the
        first inputs, in their shapes. Numba must be able to compile it.
    differentiable : int
        Number of inputs that have derivatives; the others are data.
    """

    __props__ = ("name", "differentiable")

    def __init__(self, function: Callable[..., tuple[Any, ...]], differentiable: int) -> None:
        self.function = function
        self.name = f"{function.__module__}.{function.__name__}"
        self.differentiable = differentiable

    def make_node(self, *inputs: Any) -> Any:
        """Derivatives have the types of what they are derivatives by."""
        variables = [pt.as_tensor_variable(value) for value in inputs]
        outputs = [pt.dscalar(), *(variable.type() for variable in variables[: self.differentiable])]
        return Apply(self, variables, outputs)

    def perform(self, node: Any, inputs: Any, storage: Any) -> None:  # noqa: ARG002
        """Evaluate in Python: slow, and used for initial points alone."""
        for cell, value in zip(storage, self.function(*inputs), strict=True):
            cell[0] = np.asarray(value, dtype=float)

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Only the first output can be differentiated, by the first inputs."""
        derivatives = [False] * self.differentiable
        data = len(node.inputs) - self.differentiable
        return [[True, *derivatives]] * self.differentiable + [[False, *derivatives]] * data

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Multiply the derivatives that the loop returned by the cotangent of the log density."""
        data = [disconnected_type() for _ in inputs[self.differentiable :]]
        return [cotangents[0] * output for output in outputs[1:]] + data


@functools.cache
def _sources_version() -> int:
    """Hash of a loop's source files: without it PyTensor would use the old compilation of edited code."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return int.from_bytes(digest.digest()[:6])


@register_funcify_default_op_cache_key(LoopDensity)  # type: ignore[untyped-decorator]
def _funcify(op: Any, **_: Any) -> tuple[Any, int]:
    return numba_njit(op.function), _sources_version()


def log_density(function: Callable[..., tuple[Any, ...]], differentiable: int, *inputs: Any) -> Any:
    """Log density as a PyTensor expression of the inputs; see `LoopDensity`."""
    return LoopDensity(function, differentiable)(*inputs)[0]

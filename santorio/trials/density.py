"""The one density that all sampled models share, as a PyTensor operation with its gradient written out by hand.

Written as PyTensor expressions the same density costs 15 s of compilation (and a matrix product 36 s more, for Numba's
BLAS wrapper); as one loop it costs little, and the graph around it stays small. The derivatives are
held against finite differences in the tests.
"""

from functools import cache
from typing import Any

import numpy as np

from santorio.trials.columns import FloatArray


def density_and_gradient(
    coefficient: FloatArray,
    rho: float,
    variance: float,
    columns: FloatArray,
    outcome: FloatArray,
    gap_days: FloatArray,
) -> tuple[float, FloatArray, float, float]:
    """Log density of the days, and its derivatives by coefficients, ρ and σ².

    With r = y/σ - X b the residuals in units of σ, exact over gaps of Δ days::

        r_1 ~ N(0, 1),   r_i | r_{i-1} ~ N(ρ^Δ r_{i-1}, 1 - ρ^{2Δ})

    Parameters
    ----------
    coefficient : FloatArray
        b, in units of σ, shape (columns,).
    rho, variance : float
        Correlation of one day with the next; σ².
    columns : FloatArray
        X, shape (days, columns).
    outcome, gap_days : FloatArray
        y, and the days since the row before (the first is unused), shape (days,).
    """
    rows, width = columns.shape
    root = np.sqrt(variance)
    by_coefficient = np.zeros(width)
    by_rho, by_variance = 0.0, -0.5 * rows / variance
    log_density = -0.5 * rows * np.log(variance)
    before, pull_before = 0.0, 0.0
    # One row behind: a residual's own pull is complete only when its successor has been seen.
    for i in range(rows + 1):
        residual, step, pull = 0.0, 0.0, 0.0
        if i < rows:
            residual = outcome[i] / root
            for j in range(width):
                residual -= columns[i, j] * coefficient[j]
            if i > 0:
                step = rho ** gap_days[i]
                by_rho_of_step = gap_days[i] * rho ** (gap_days[i] - 1.0)
                left = 1.0 - step * step
                innovation = residual - step * before
                log_density -= 0.5 * (innovation * innovation / left + np.log(left))
                by_step = innovation * before / left - step * (innovation / left) ** 2 + step / left
                by_rho += by_step * by_rho_of_step
                pull = -innovation / left
            else:
                log_density -= 0.5 * residual * residual
                pull = -residual
        if i > 0:
            pull_before -= step * pull
            by_variance -= 0.5 * pull_before * outcome[i - 1] / (variance * root)
            for j in range(width):
                by_coefficient[j] -= pull_before * columns[i - 1, j]
        before, pull_before = residual, pull
    return log_density, by_coefficient, by_rho, by_variance


@cache
def _operation() -> Any:
    import pytensor.tensor as pt
    from pytensor.gradient import disconnected_type
    from pytensor.graph.basic import Apply
    from pytensor.graph.op import Op
    from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

    class AutoregressiveDensity(Op):  # type: ignore[misc]
        """Log density with its gradient as further outputs, so that one pass over the days gives both."""

        __props__ = ()

        def make_node(self, *inputs: Any) -> Any:
            variables = [pt.as_tensor_variable(value, dtype="float64") for value in inputs]
            width = variables[0].type.shape
            outputs = [pt.dscalar(), pt.tensor(shape=width, dtype="float64"), pt.dscalar(), pt.dscalar()]
            return Apply(self, variables, outputs)

        def perform(self, node: Any, inputs: Any, storage: Any) -> None:  # noqa: ARG002
            for cell, value in zip(storage, density_and_gradient(*inputs), strict=True):
                cell[0] = np.asarray(value, dtype=float)

        def connection_pattern(self, node: Any) -> list[list[bool]]:  # noqa: ARG002
            return [[True, False, False, False]] * 3 + [[False] * 4] * 3

        def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:  # noqa: ARG002
            return [cotangents[0] * output for output in outputs[1:]] + [
                disconnected_type() for _ in range(3)
            ]

    @register_funcify_default_op_cache_key(AutoregressiveDensity)  # type: ignore[untyped-decorator]
    def funcify(op: Any, **_: Any) -> tuple[Any, int]:  # noqa: ARG001
        compiled = numba_njit(density_and_gradient)

        @numba_njit
        def autoregressive_density(  # type: ignore[no-untyped-def] # noqa: ANN202
            coefficient,  # noqa: ANN001
            rho,  # noqa: ANN001
            variance,  # noqa: ANN001
            columns,  # noqa: ANN001
            outcome,  # noqa: ANN001
            gap_days,  # noqa: ANN001
        ):
            value, by_coefficient, by_rho, by_variance = compiled(
                coefficient, rho.item(), variance.item(), columns, outcome, gap_days
            )
            return np.asarray(value), by_coefficient, np.asarray(by_rho), np.asarray(by_variance)

        return autoregressive_density, 1

    return AutoregressiveDensity()


def autoregressive_logp(
    coefficient: Any, rho: Any, variance: Any, columns: Any, outcome: Any, gap_days: Any
) -> Any:
    """Log density of the days as a PyTensor expression; see `density_and_gradient`."""
    return _operation()(coefficient, rho, variance, columns, outcome, gap_days)[0]

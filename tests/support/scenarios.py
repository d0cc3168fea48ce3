"""Scenarios: tests of dbt's models that share the builds of their module.

A scenario is a test written as a generator. It logs what happened to a person of its own, yields where the warehouse
has to be built, and asserts on that person's rows. All scenarios of a module advance together: each up to its next
`yield`, then one build for all of them. Their number of builds is that of the longest scenario.
"""

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any

import pytest

# Gives a scenario a person of its own, with the log and the reader of that person.
Own = Callable[[], Mapping[str, Any]]


def scenario(steps: Callable[..., Generator[None]]) -> Callable[..., None]:
    """Turn a generator into a test.

    Its parameters are names in `OWN` or those of `pytest.mark.parametrize`, not fixtures.
    """

    def test(scenarios: "Scenarios", request: pytest.FixtureRequest, **_parameters: object) -> None:
        scenarios.finish(request.node.nodeid)

    parameters = [
        parameter.replace(annotation=Any, kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(steps).parameters.values()
        if parameter.name not in OWN
    ]
    fixtures = list(inspect.signature(test).parameters.values())[:2]
    test.__signature__ = inspect.Signature([*fixtures, *parameters])  # type: ignore[attr-defined]
    test.__name__, test.__qualname__, test.__doc__ = steps.__name__, steps.__qualname__, steps.__doc__
    test.__module__ = steps.__module__
    test.steps = steps  # type: ignore[attr-defined]
    return test


# What every scenario can ask for.
OWN = frozenset({"newcomer", "log", "log_of", "rows", "reader_of", "warehouse"})


class Scenarios:
    """The scenarios of a module, run to their ends.

    Parameters
    ----------
    items
        Tests of the module, others than scenarios among them.
    own
        Gives each scenario the arguments named in `OWN`, for a person of its own.
    build
        Builds the warehouse.
    """

    def __init__(self, items: Iterable[pytest.Item], own: Own, build: Callable[[], object]) -> None:
        self._errors: dict[str, Exception] = {}
        self._completed: set[str] = set()
        running = dict(_start(item, own()) for item in items if hasattr(_function(item), "steps"))
        while running:
            running = {name: steps for name, steps in running.items() if self._advance(name, steps)}
            if running:
                build()

    def _advance(self, name: str, steps: Generator[None]) -> bool:
        """Run a scenario up to its next build, and return whether it has one."""
        try:
            next(steps)
        except StopIteration:
            self._completed.add(name)
            return False
        except Exception as error:  # noqa: BLE001 - raised in its own test
            self._errors[name] = error
            return False
        return True

    def finish(self, name: str) -> None:
        """Raise what ended a scenario early.

        Raises
        ------
        RuntimeError
            If the scenario was never run: a test that did nothing does not pass.
        """
        if name in self._errors:
            raise self._errors[name]
        if name not in self._completed:
            raise RuntimeError(f"{name} was not run to its end.")


def _function(item: pytest.Item) -> object:
    return getattr(item, "function", None)


def _start(item: pytest.Item, own: Mapping[str, Any]) -> tuple[str, Generator[None]]:
    steps: Callable[..., Generator[None]] = item.function.steps  # type: ignore[attr-defined]
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    names = inspect.signature(steps).parameters
    return item.nodeid, steps(
        **{name: parameters[name] if name in parameters else own[name] for name in names}
    )

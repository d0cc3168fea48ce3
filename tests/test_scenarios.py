"""Scenarios share their builds, and each fails by itself."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from support.scenarios import Scenarios, scenario


def run(*tests: Callable[..., Any]) -> tuple[Scenarios, list[str]]:
    """Run scenarios over a log of words; what each build saw."""
    log: list[str] = []
    builds: list[str] = []
    items: list[Any] = [SimpleNamespace(function=test, nodeid=test.__name__) for test in tests]
    return Scenarios(items, lambda: {"log": log}, lambda: builds.append(" ".join(log))), builds


@scenario
def once(log: list[str]) -> Iterator[None]:
    log.append("first")
    yield
    assert "second" in log


@scenario
def twice(log: list[str]) -> Iterator[None]:
    log.append("second")
    yield
    log.append("third")
    yield
    assert log == ["first", "second", "third"]


@scenario
def wrong(log: list[str]) -> Iterator[None]:
    yield
    assert "fourth" in log
    yield
    log.append("never")


def test_scenarios_advance_together_and_each_fails_by_itself() -> None:
    outcome, builds = run(once, twice, wrong)
    assert builds == ["first second", "first second third"]
    outcome.finish("once")
    outcome.finish("twice")
    with pytest.raises(AssertionError, match="fourth"):
        outcome.finish("wrong")


def test_a_scenario_that_was_not_run_does_not_pass() -> None:
    outcome, _ = run(once, twice)
    with pytest.raises(RuntimeError, match="was not run"):
        outcome.finish("wrong")

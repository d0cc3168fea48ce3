"""The examples in the docstrings of the statistics run, and print what they state."""

import doctest
import importlib
import pkgutil

import pytest

from santorio import stats

MODULES = [module.name for module in pkgutil.walk_packages(stats.__path__, "santorio.stats.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_state(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_public_models_have_examples() -> None:
    finder = doctest.DocTestFinder()
    for name in ("gaussian_model", "latent_model", "exact_inference", "effect_priors", "randomization"):
        module = importlib.import_module(f"santorio.stats.{name}")
        assert any(test.examples for test in finder.find(module)), name

"""How strong an unmeasured confounder would have to be, against figures that were published."""

import pytest

from santorio.analyses.effects.sensitivity import robustness


def test_the_robustness_values_of_the_darfur_example_are_those_published():
    """Cinelli & Hazlett (2020), table 1: estimate 0.097, standard error 0.023, 783 degrees of freedom."""
    to_nothing, to_doubt = robustness(0.0973, 0.0233, 783)
    assert to_nothing == pytest.approx(0.139, abs=5e-4)
    assert to_doubt == pytest.approx(0.076, abs=5e-4)


def test_what_is_in_doubt_already_needs_no_confounder():
    to_nothing, to_doubt = robustness(-1.0, 0.8, 100)
    assert 0 < to_nothing < 0.2
    assert to_doubt == 0

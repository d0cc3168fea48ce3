"""Critical power is recovered from its own curve, and refused where the efforts do not support one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.training_oracle.critical_power import fit_critical_power


@settings(deadline=None)
@given(cp=st.floats(100, 400), w_prime=st.floats(15_000, 30_000))
def test_critical_power_is_recovered_from_its_own_curve(cp: float, w_prime: float) -> None:
    durations = (60, 120, 300, 600, 1200, 3600)
    model = fit_critical_power(durations, [cp + w_prime / seconds for seconds in durations])
    assert model.reason is None
    assert model.efforts == 4
    assert model.cp_w == pytest.approx(cp)
    assert model.w_prime_j == pytest.approx(w_prime)
    assert model.r_squared == pytest.approx(1)


@pytest.mark.parametrize(
    ("powers", "reason"),
    [
        ([400, 350, 320, None, None], "fewer than four durations from 2 to 20 minutes"),
        ([300, 300, 300, 310, 320], "power does not fall with duration"),
        ([500, 250, 480, 230, 400], "the efforts do not lie on one curve"),
        # 100 W and 4 kJ; 280 W and 8 kJ, which nearly is what was held for 20 minutes.
        ([133.3, 113.3, 108.3, 104.4, 103.3], "the work above critical power is too small to be true"),
        ([346.7, 306.7, 296.7, 288.9, 286.7], "critical power lies too close to the best 20 minutes"),
    ],
)
def test_no_model_is_given_where_the_efforts_do_not_bear_one(powers: list[float | None], reason: str) -> None:
    model = fit_critical_power((120, 300, 480, 900, 1200), powers)
    assert (model.cp_w, model.w_prime_j, model.reason) == (None, None, reason)


def test_what_was_not_held_for_twenty_minutes_is_compared_with_nothing() -> None:
    durations = (120, 180, 300, 600)
    model = fit_critical_power(durations, [280 + 8_000 / seconds for seconds in durations])
    assert (model.cp_w, model.reason) == (pytest.approx(280), None)


def test_efforts_of_like_duration_bear_no_model() -> None:
    assert fit_critical_power((300, 360, 420, 480), [300, 295, 290, 287]).reason == (
        "the efforts are too much alike in duration"
    )


def test_the_errors_of_critical_power_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(4)
    durations = np.array([120, 180, 240, 300, 480, 600, 720, 900, 1200])
    truth = 250 + 25_000 / durations
    within = 0
    for _ in range(400):
        model = fit_critical_power(durations.tolist(), (truth + random.normal(0, 4, 9)).tolist())
        assert model.cp_w is not None
        assert model.cp_error_w is not None
        # Student's t with seven degrees of freedom
        within += abs(model.cp_w - 250) < 2.365 * model.cp_error_w
    assert within / 400 == pytest.approx(0.95, abs=0.03)

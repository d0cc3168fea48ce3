"""A protocol as the analysis reads it."""

import pytest

from santorio.trials.analysis.data import load_trials


@pytest.mark.parametrize(("stated", "read"), [(10.0, 10.0), (0.0, None), (-15.0, None), (None, None)])
def test_a_smallest_effect_that_is_none_is_not_taken_for_one(marts, stated, read):
    marts.trial("screens", ("usual", "no screens"), [0, 1], smallest_effect=stated)
    with marts.database.connect() as connection:
        (trial,) = load_trials(connection, marts.person)
    assert trial.smallest_effect == read

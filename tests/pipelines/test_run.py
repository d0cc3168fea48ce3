"""One pass: from when it looks for what arrived."""

import dagster as dg

from pipelines.run import last_success
from sensors.run_tags import MARK


@dg.job
def study() -> None:
    """Stand in for the job of that name."""


def test_a_mornings_study_of_a_few_days_does_not_hide_what_arrived_before_it():
    with dg.DagsterInstance.ephemeral() as instance:
        for tags in ({MARK: "7@2026-03-01"}, {}):
            instance.create_run_for_job(study, tags=tags, status=dg.DagsterRunStatus.SUCCESS)
        last = last_success(instance)
        assert last is not None
        assert last.tags[MARK] == "7@2026-03-01"


def test_before_the_first_study_there_is_none():
    with dg.DagsterInstance.ephemeral() as instance:
        assert last_success(instance) is None

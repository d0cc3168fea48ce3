"""The whole way of a trial: an intervention of one's own, a proposal accepted, days lived and logged, an answer."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from santorio.ingest.importer import import_paths
from santorio.people import Person
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore
from santorio.trials.analysis.data import load_trials
from santorio.trials.analysis.pipeline import analyse_trials
from santorio.trials.proposals.pipeline import propose
from santorio.trials.protocol import Protocol
from santorio.trials.report.build import build_report
from santorio.trials.report.data import load_report_data
from santorio.trials.repository import load_proposal, load_trial_status
from santorio.trials.service import accept, log_day

# Two builds, and a model that is compiled.
pytestmark = pytest.mark.timeout(900)

INTERVENTION = """
interventions:
  - name: humming
    change: humming in the morning
    arms: [as usual, ten minutes of humming]
    outcomes: [{metric: measure_focus, direction: higher, smallest_effect: 1.5}]
    half_life_days: 0.1
    adherence: {ask: Did you hum?}
    burden: 0.2
limits: {longest_days: 28, not_on: [sunday]}
"""
NAME = "humming-focus"
EFFECT = 4.0
BEFORE = 60
START = dt.date(2026, 4, 1)  # a Wednesday


@pytest.fixture
def bring(warehouse: Database, newcomer: Person, tmp_path: Any) -> Any:
    """Import text as a file."""

    def brought(name: str, text: str) -> None:
        file = tmp_path / name
        file.write_text(text)
        report = import_paths(warehouse, FolderStore(tmp_path / "objects"), newcomer, [file])
        assert report.rejected == 0

    return brought


def shown_by_the_api(warehouse: Database, person: Person) -> tuple[Any, ...] | None:
    with warehouse.connect() as connection:
        connection.execute("select set_config('santorio.user_id', %s, true)", [str(person.user_id)])
        return connection.execute("select status, decision from api.trials where kind = 'trial'").fetchone()


def says_all_of_it(
    warehouse: Database, store: FolderStore, person: Person, protocol: Protocol, today: dt.date
) -> None:
    """Nothing but logging led to the report, which is made from what the run kept."""
    with warehouse.connect() as connection:
        account = load_report_data(connection, store, person, NAME, today)
    assert account.attributes["protocol_sha256"] == protocol.sha256
    assert account.posterior.effect(1).mean() == pytest.approx(account.run.primary[0].estimate)
    page = build_report(account)
    assert "Does humming in the morning raise my focus?" in page
    assert "“ten minutes of humming” raised focus, against “as usual”, by +" in page
    assert "by more than the 1.5 that matter" in page
    assert f"SHA-256 {protocol.sha256}" in page
    assert f"For {len(protocol.drawn)} of {len(protocol.drawn)} study days it is recorded" in page
    assert "without days not followed" in page


def log_of_focus(first: dt.date, values: np.ndarray) -> str:
    rows = [f"{first + dt.timedelta(days=day)},{value:.3f}" for day, value in enumerate(values.tolist())]
    return "\n".join(["date,focus", *rows])


def test_who_accepts_a_proposal_is_led_to_a_report_by_logging_alone(
    build: Any, warehouse: Database, newcomer: Person, bring: Any, tmp_path: Any
) -> None:
    store = FolderStore(tmp_path / "objects")
    rng = np.random.default_rng(5)
    bring("mine.yaml", INTERVENTION)
    bring("before.csv", log_of_focus(START - dt.timedelta(days=BEFORE), 50 + 2 * rng.normal(size=BEFORE)))
    build()
    assert propose(warehouse, newcomer, today=START - dt.timedelta(days=1)).status == "accepted"

    step = accept(warehouse, newcomer, NAME, start=START, today=START - dt.timedelta(days=1))
    protocol = step.status.frozen
    assert protocol is not None
    days = (protocol.last_day - START).days + 1
    assert days <= 28
    felt = np.zeros(days)
    for number in range(days):
        day = START + dt.timedelta(days=number)
        arm = protocol.arm_of(day)
        assert (arm is None) == (day.weekday() == 6)
        felt[number] = EFFECT * (arm == protocol.arms[1])
        if arm is not None:
            log_day(warehouse, newcomer, NAME, done=number != 8, day=day, note=None, today=day)
    bring("during.csv", log_of_focus(START, 50 + felt + 2 * rng.normal(size=days)))
    build()

    with warehouse.connect() as connection:
        (trial,) = load_trials(connection, newcomer)
    assert trial.arms == protocol.arms
    assert [trial.arms[arm] for arm in trial.arm] == list(protocol.drawn)
    assert trial.preregistration.frozen == protocol
    over = START + dt.timedelta(days=days + 7)
    assert shown_by_the_api(warehouse, newcomer) == ("completed", None)
    (report,) = analyse_trials(warehouse, store, newcomer, today=over)
    assert report.status == "accepted"
    assert report.diagnostics["randomisation"] == protocol.randomization.kind
    assert report.diagnostics["protocol"]["sha256"] == protocol.sha256  # type: ignore[index]
    with warehouse.connect() as connection:
        row = connection.execute(
            "select decision, lower_95, upper_95 from analysis.trial_results where user_id = %s",
            [newcomer.user_id],
        ).fetchone()
        state = load_trial_status(connection, newcomer, NAME, over).state
    assert row is not None
    assert row[0] == "adopt"
    assert row[1] <= EFFECT <= row[2]
    assert (state.name, state.decision) == ("analysed", "adopt")
    assert len(state.adhered) == len(protocol.drawn)
    assert shown_by_the_api(warehouse, newcomer) == ("analysed", "adopt")

    says_all_of_it(warehouse, store, newcomer, protocol, over)
    # What is being answered is not proposed again.
    propose(warehouse, newcomer, today=over)
    with warehouse.connect() as connection:
        assert connection.execute(
            "select count(*) from analysis.proposals where user_id = %s and intervention = 'humming' and run_id ="
            " (select run_id from analysis.runs where user_id = %s and kind = 'proposals'"
            " order by created_at desc limit 1)",
            [newcomer.user_id, newcomer.user_id],
        ).fetchone() == (0,)
    # A year later it may be, and what this trial found is what the next one starts from.
    propose(warehouse, newcomer, today=over + dt.timedelta(days=400))
    assert_the_next_starts_from_what_was_found(warehouse, newcomer, protocol)
    shows_an_end_at_a_look(warehouse, newcomer, protocol, 10)


def shows_an_end_at_a_look(warehouse: Database, person: Person, protocol: Protocol, after_days: int) -> None:
    """What a run that ended at a planned look makes of the trial's row: no day after it was asked for."""
    with warehouse.connect() as connection:
        connection.execute(
            "update analysis.runs set diagnostics = diagnostics || jsonb_build_object('look',"
            " jsonb_build_object('after_days', %s::int)) where user_id = %s and kind = 'trial'",
            [after_days, person.user_id],
        )
        connection.execute("select set_config('santorio.user_id', %s, true)", [str(person.user_id)])
        row = connection.execute(
            "select status, stopped_after_days, last_day, days_needed, schedule, result -> 0 ->> 'is_negative_control'"
            " from api.trials where kind = 'trial'"
        ).fetchone()
    assert row is not None
    last = protocol.day_of(after_days)
    assert row[:4] == ("stopped_early", after_days, last, len(protocol.drawn))
    assert list(row[4].values()) == list(protocol.drawn[:after_days])
    assert row[5] == "false"


def assert_the_next_starts_from_what_was_found(
    warehouse: Database, person: Person, protocol: Protocol
) -> None:
    with warehouse.connect() as connection:
        again = load_proposal(connection, person, f"{protocol.trial}_2")
        found = connection.execute(
            "select estimate, sd from analysis.trial_results where user_id = %s", [person.user_id]
        ).fetchone()
    assert again is not None
    assert found is not None
    prior, planning = again.protocol.model.prior(), again.protocol.planning
    assert planning is not None
    assert prior.weights == pytest.approx((0.8, 0.2))
    assert prior.means[0] * planning.sigma == pytest.approx(found[0], rel=1e-3)
    # Believed a little less than it said.
    assert found[1] < prior.sds[0] * planning.sigma < 2 * found[1]

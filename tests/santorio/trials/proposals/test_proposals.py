"""Which experiment next: from the marts to a ranked list."""

import datetime as dt
import itertools

import numpy as np
import pytest

from santorio.analyses.run_store import latest_results
from santorio.ingest.importer import import_paths
from santorio.stats.randomization import MAX_RUN, infer_randomization
from santorio.storage.object_store import FolderStore
from santorio.trials import files as trial_files
from santorio.trials.interventions.catalog import built_in_interventions
from santorio.trials.proposals.pipeline import propose
from santorio.trials.repository import load_proposal

DAYS = 150
TODAY = dt.date(2026, 6, 10)


@pytest.fixture
def lived(marts, autoregressive):
    rng = np.random.default_rng(8)
    marts.outcome("sleep_minutes", 440 + 25 * autoregressive(rng, DAYS, 0.3)[:, 0])
    marts.outcome("hrv_rmssd_ms", 55 + 6 * autoregressive(rng, DAYS, 0.5)[:, 0])
    marts.exposure("caffeine_after_15_mg", rng.choice([0.0, 80.0], DAYS), "mg")
    marts.exposure("alcohol_g", np.zeros(DAYS), "g")
    return marts


def proposed(connection, marts, slug):
    """The protocol that the newest run proposes."""
    proposal = load_proposal(connection, marts.person, slug.replace("-", "_"))
    assert proposal is not None
    return proposal.protocol


def proposals(marts):
    with marts.database.connect() as connection:
        return connection.execute(
            "select intervention, outcome, arms, schedule, days_needed, assurance, value_per_day, why, question, seed,"
            " expected_information_gain from analysis.proposals join analysis.runs using (run_id)"
            " where runs.created_at = (select max(created_at) from analysis.runs) order by rank"
        ).fetchall()


def test_proposals_are_ranked_by_value_each_intervention_once_with_a_whole_schedule(lived):
    report = propose(lived.database, lived.person, today=TODAY)
    assert report.status == "accepted"
    found = proposals(lived)
    assert report.rows == len(found) > 2
    assert len({row[0] for row in found}) == len(found)
    assert [row[6] for row in found] == sorted((row[6] for row in found), reverse=True)
    for _, _, arms, schedule, days, assurance, _, why, question, _, gain in found:
        assert [entry["day"] for entry in schedule] == list(range(1, days + 1))
        arms_of_days = [entry["arm"] for entry in schedule]
        assert all(arms_of_days.count(arm) * len(arms) == len(arms_of_days) for arm in arms)
        assert 0.65 <= assurance < 1
        assert gain > 0
        assert f"{days} days" in why
        assert question.endswith("?")


def test_a_daily_schedule_has_no_long_run(lived):
    propose(lived.database, lived.person, today=TODAY)
    with lived.database.connect() as connection:
        daily = [
            protocol
            for (slug,) in connection.execute("select slug from analysis.proposals").fetchall()
            if (protocol := proposed(connection, lived, slug)).randomization.kind == "daily"
        ]
    assert daily
    for protocol in daily:
        assert max(len(list(run)) for _, run in itertools.groupby(protocol.drawn)) <= MAX_RUN


def test_people_who_do_not_drink_are_not_asked_to_stop(lived):
    propose(lived.database, lived.person, today=TODAY)
    assert "alcohol" not in {row[0] for row in proposals(lived)}


def test_an_intervention_that_a_trial_has_tested_is_not_proposed_again(lived):
    lived.trial("screens", ("usual", "no screens"), [0, 1] * 20)
    propose(lived.database, lived.person, today=TODAY)
    interventions = {row[0] for row in proposals(lived)}
    assert "screens" not in interventions
    assert "late-caffeine" in interventions


def test_when_every_intervention_is_tried_nothing_stays_proposed(lived):
    propose(lived.database, lived.person, today=TODAY)
    for intervention in built_in_interventions():
        lived.trial(intervention.name, intervention.arms, [0, 1] * 20)
    assert propose(lived.database, lived.person, today=TODAY).status == "accepted"
    with lived.database.connect() as connection:
        assert latest_results(connection, lived.person.user_id, "proposals", "rank") == []
    assert propose(lived.database, lived.person, today=TODAY).status == "unchanged"


def test_unchanged_input_proposes_nothing_new(lived):
    propose(lived.database, lived.person, today=TODAY)
    before = proposals(lived)
    assert propose(lived.database, lived.person, today=TODAY).status == "unchanged"
    assert propose(lived.database, lived.person, force=True, today=TODAY).status == "accepted"
    assert proposals(lived) == before


def test_without_days_it_says_so(marts):
    report = propose(marts.database, marts.person)
    assert report.status == "not enough data"


def test_a_proposal_is_imported_and_judged_by_the_law_that_drew_it(lived, autoregressive):
    # Quiet enough that what wears off slowly can be tested, in periods.
    quiet = 82 + 2 * autoregressive(np.random.default_rng(8), DAYS, 0.1)[:, 0]
    lived.outcome("sleep_score", quiet)
    propose(lived.database, lived.person, today=TODAY)
    with lived.database.connect() as connection:
        plans = {
            slug: proposed(connection, lived, slug)
            for (slug,) in connection.execute("select slug from analysis.proposals").fetchall()
        }
    kinds = set()
    for slug, plan in plans.items():
        document = plan.starting(dt.date(2026, 7, 1)).document()
        found = trial_files.parse(document, lived.person, None)
        assert found.rejections == [], slug
        data = found.events[0].data
        arm = np.array([data["arms"].index(name) for name in data["assignment"]])
        kinds.add(infer_randomization(arm, data.get("period_days"), data.get("randomization")).kind)
    assert kinds == {"daily", "periods"}


def test_limits_shorten_proposals_and_a_custom_intervention_is_proposed_too(lived, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "limits: {longest_days: 60, periods: false, weekly_burden: 3, not_on: [sunday]}\n"
        "interventions:\n"
        "  - {name: humming, change: humming at night, arms: [as usual, humming], outcomes: [sleep_minutes],\n"
        "     half_life_days: 0.1, adherence: {ask: Did you hum?}, burden: 0.2}\n"
    )
    import_paths(lived.database, FolderStore(tmp_path / "objects"), lived.person, [file])
    propose(lived.database, lived.person, today=TODAY)
    found = proposals(lived)
    assert "humming" in {row[0] for row in found}
    burdens = {intervention.name: intervention.burden for intervention in built_in_interventions()} | {
        "humming": 0.2
    }
    for intervention, _, _, schedule, days, *_ in found:
        assert days <= 60
        assert len(schedule) < days
        assert burdens[intervention] * 6 <= 3
    with lived.database.connect() as connection:
        plan = proposed(connection, lived, "humming-sleep-minutes")
    assert (plan.randomization.kind, plan.not_on, plan.intervention) == ("daily", ("sunday",), "humming")


def test_a_proposal_states_the_priors_that_judge_it_and_the_noise_it_was_planned_with(lived):
    propose(lived.database, lived.person, today=TODAY)
    with lived.database.connect() as connection:
        plans = [
            proposed(connection, lived, slug)
            for (slug,) in connection.execute("select slug from analysis.proposals").fetchall()
        ]
    interventions = {intervention.name: intervention for intervention in built_in_interventions()}
    for plan in plans:
        assert plan.planning.sigma > 0
        prior = interventions[plan.intervention].carry_over()
        assert (plan.model.carry_over_prior() is None) == (prior is None)
        if prior:
            assert plan.model.carry_over_prior().mean == pytest.approx(prior.mean, rel=1e-4)


def test_a_trial_of_a_year_ago_is_proposed_again_under_another_name_and_with_the_reason(lived):
    propose(lived.database, lived.person, today=TODAY)
    name = next(row[0] for row in proposals(lived))
    with lived.database.connect() as connection:
        (slug,) = connection.execute(
            "select slug from analysis.proposals where intervention = %s", [name]
        ).fetchone()
    lived.trial(slug.replace("-", "_"), ("as usual", "other"), [0, 1] * 20, last_day="2026-02-13")
    propose(lived.database, lived.person, today=TODAY)
    assert name not in {row[0] for row in proposals(lived)}
    propose(lived.database, lived.person, today=dt.date(2027, 3, 1))
    why = next(row[7] for row in proposals(lived) if row[0] == name)
    assert why.startswith("You tested this on 2026-02-13; more than a year has passed")
    with lived.database.connect() as connection:
        assert proposed(connection, lived, f"{slug}-2") is not None


def test_a_proposal_states_the_likelihood_of_its_outcome_from_the_days_before(
    marts, autoregressive, tmp_path
):
    rng = np.random.default_rng(9)
    file = tmp_path / "mine.yaml"
    file.write_text(
        "interventions:\n"
        "  - {name: humming, change: humming at night, arms: [as usual, humming], half_life_days: 0.1,\n"
        "     adherence: {ask: Did you hum?}, burden: 0.2,\n"
        "     outcomes: [{metric: measure_focus, smallest_effect: 2, scale: bounded, bounds: [0, 10]}]}\n"
    )
    import_paths(marts.database, FolderStore(tmp_path / "objects"), marts.person, [file])
    # Near the top of its range a rating is bent by it.
    marts.outcome("focus", np.clip(np.round(8 + 1.2 * autoregressive(rng, DAYS, 0.3)[:, 0]), 0, 10))
    propose(marts.database, marts.person, today=TODAY)
    model = model_of(marts, "humming-focus")
    assert (model["likelihood"], model["bounds"]) == ("bounded", [0, 10])

    # What lies outside of the stated range is another measure: the normal likelihood makes no claim of it.
    with marts.database.connect() as connection:
        connection.execute("update marts.outcomes set value = value + 5")
    propose(marts.database, marts.person, today=TODAY)
    model = model_of(marts, "humming-focus")
    assert model["likelihood"] == "normal"
    assert "bounds" not in model


def model_of(marts, slug):
    with marts.database.connect() as connection:
        return proposed(connection, marts, slug).document()["model"]

"""Pooling: only of people who consent, of five or more, never of a person with themself, never after a withdrawal."""

import numpy as np
import psycopg
import pytest
from psycopg import errors

from santorio.people import ensure_person
from santorio.population.estimates import EffectKey, Estimate, SharedEstimates, read_shared_estimates
from santorio.population.pipeline import analyse_population, pool_estimates, rows_of
from santorio.privacy.consent import people_who_share, read_consent, record_consent
from santorio.stats.meta_analysis import pool
from santorio.trials.proposals.population_prior import load_population_priors

FOUND = (-12.0, -20.0, -8.0, -15.0, -30.0, -4.0)


def withdraw(group, person):
    with group.database.connect() as connection:
        assert record_consent(connection, person, shares=False)


def shared(group):
    with group.database.connect() as connection:
        return read_shared_estimates(connection)


def test_consent_is_a_word_in_the_log_of_which_the_newest_counts_and_none_is_no(database, person):
    with database.connect() as connection:
        assert not read_consent(connection, person.user_id).shares
        assert not record_consent(connection, person, shares=False)  # nothing to withdraw
        for shares in (True, False, True, False):
            assert record_consent(connection, person, shares=shares)
            assert not record_consent(connection, person, shares=shares)
            assert read_consent(connection, person.user_id).shares == shares
            assert people_who_share(connection) == ([person.user_id] if shares else [])
        results = connection.execute(
            "select data ->> 'shares' from raw.events where event_type = 'consent.pooling' order by ingested_at"
        ).fetchall()
    assert results == [("true",), ("false",), ("true",), ("false",)]


def test_four_people_see_nothing_and_five_are_pooled(group):
    for estimate in FOUND[:4]:
        group.add(estimate)
    group.study()
    assert all(group.results(person) == {} for person in group.people)
    group.add(FOUND[4])
    group.study()
    for person, estimate in zip(group.people, FOUND, strict=False):
        results = group.results(person)
        assert set(results) == {"association", "trial"}
        assert (results["trial"]["people"], results["trial"]["is_member"]) == (5, True)
        # What they start from would rest on four others.
        assert results["trial"]["others"] is results["trial"]["expected_mean"] is None
        pulled = results["association"]["shrunk_estimate"]
        assert (
            min(estimate, results["association"]["mean"])
            < pulled
            < max(estimate, results["association"]["mean"])
        )


def test_published_results_are_the_pool_of_the_prior_free_estimates(group):
    for estimate in FOUND:
        group.add(estimate)
    group.study()
    results = group.results(group.people[2])
    true = pool(np.array(FOUND), np.full(6, 5.0), 30.0, widths=((1.0, 1.0),), nodes=192)
    assert results["association"]["mean"] == pytest.approx(true.mean, rel=1e-6)
    assert results["association"]["between_sd"] == pytest.approx(true.between_mean, rel=1e-6)
    assert true.below(results["association"]["lower_95"]) == pytest.approx(0.025)
    alone = pool(np.delete(FOUND, 2), np.full(5, 6.0), 25.0, widths=((1.0, 1.0),), nodes=192)
    assert results["trial"]["others"] == 5
    assert results["trial"]["expected_mean"] == pytest.approx(alone.mean, rel=1e-6)
    assert results["trial"]["expected_sd"] == pytest.approx(alone.next_sd, rel=1e-6)


def test_a_persons_own_trial_says_nothing_of_what_is_expected_of_them(group):
    for estimate in FOUND:
        group.add(estimate)
    group.study()
    before = group.results(group.people[0])["trial"]
    group.tried(group.people[0], 200.0)
    group.study()
    after = group.results(group.people[0])["trial"]
    assert after["expected_mean"] == before["expected_mean"]
    assert after["mean"] > before["mean"]
    assert group.results(group.people[1])["trial"]["expected_mean"] > before["expected_mean"]


def test_a_person_who_does_not_consent_does_not_enter_and_sees_nothing(group):
    for estimate in FOUND[:5]:
        group.add(estimate)
    group.study()
    before = group.results(group.people[0])
    silent = group.add(900.0, shares=False)
    group.study()
    assert group.results(silent) == {}
    assert group.results(group.people[0]) == before
    with group.database.connect() as connection:
        assert load_population_priors(connection, silent) == {}


def test_who_withdraws_is_out_with_the_next_study_and_below_five_all_is_gone(group):
    for estimate in FOUND:
        group.add(estimate)
    group.study()
    leaves = group.people[4]
    with_all = group.results(group.people[0])["association"]
    withdraw(group, leaves)
    with group.database.connect() as connection:
        assert load_population_priors(connection, leaves) == {}  # at once, whatever was published before
    group.study()
    assert group.results(leaves) == {}
    left = group.results(group.people[0])["association"]
    assert (with_all["people"], left["people"]) == (6, 5)
    assert left["mean"] > with_all["mean"]
    withdraw(group, group.people[5])
    group.study()
    assert all(group.results(person) == {} for person in group.people)


def test_a_person_who_has_not_tested_it_sees_what_to_expect_and_is_not_a_member(group):
    for estimate in FOUND[:5]:
        group.add(estimate)
    with group.database.connect() as connection:
        new = ensure_person(connection, "new", "UTC")
        record_consent(connection, new, shares=True)
    group.people.append(new)
    group.study()
    results = group.results(new)
    assert set(results) == {"trial"}
    assert (results["trial"]["is_member"], results["trial"]["shrunk_estimate"]) == (False, None)
    with group.database.connect() as connection:
        ((asked, ground),) = load_population_priors(connection, new).items()
    assert asked == ("screens", "sleep_minutes", 1)
    assert (ground.basis, ground.people) == ("population", 5)
    assert ground.effect.mean == results["trial"]["mean"] < 0


def test_amounts_are_brought_to_the_persons_own(group):
    for estimate in FOUND[:5]:
        group.add(estimate)
    group.study()
    per_hundred = group.results(group.people[0])["association"]
    group.associate(group.people[0], FOUND[0], per_amount=50.0)
    group.study()
    per_fifty = group.results(group.people[0])["association"]
    assert per_fifty["per_amount"] == 50.0
    for name in ("mean", "lower_95", "between_sd", "shrunk_estimate", "shrunk_sd"):
        assert per_fifty[name] == pytest.approx(per_hundred[name] / 2, rel=1e-6)


def test_what_everyone_rates_on_their_own_scale_or_names_themself_is_not_pooled(group):
    for estimate in FOUND[:5]:
        person = group.add(estimate)
        group.associate(person, estimate, outcome="mood", outcome_unit="points")
        group.associate(person, estimate, exposure="measure_screen_hours")
    assert {key.outcome for key, _ in shared(group).by_effect()} == {"sleep_minutes"}
    assert {key.factor for key, _ in shared(group).by_effect()} == {"caffeine_mg", "screens"}


def test_of_a_trial_the_newest_ended_one_counts_once(group):
    for estimate in FOUND[:5]:
        group.add(estimate)
    group.tried(group.people[0], 77.0, "screens_sleep_2")
    group.tried(group.people[1], 99.0, "screens_sleep_2", ended=False)
    (parts,) = [parts for key, parts in shared(group).by_effect() if key.basis == "trial"]
    assert [parts[person.user_id].estimate for person in group.people] == [77.0, *FOUND[1:5]]


def test_unchanged_parts_publish_nothing_new(group):
    for estimate in FOUND:
        group.add(estimate)
    group.study()
    again = analyse_population(group.database, group.people[0], shared(group))
    assert again.status == "unchanged"


def test_rows_are_kept_to_their_person_and_to_five_by_the_database(group):
    for estimate in FOUND[:5]:
        group.add(estimate)
    group.study()
    one = group.people[0]
    with group.database.connect() as connection:
        connection.execute("set role santorio_view_owner")
        connection.execute("select set_config('santorio.user_id', %s, false)", [str(one.user_id)])
        seen = connection.execute("select distinct user_id from analysis.population").fetchall()
        connection.execute("reset role")
    assert seen == [(one.user_id,)]
    with group.database.connect() as connection, pytest.raises(errors.CheckViolation):
        connection.execute("update analysis.population set people = 4, others = null")


def test_a_person_of_no_group_gets_no_row_however_many_share():
    question = EffectKey("association", "sleep_minutes", "caffeine_mg", 1, "min", "mg")
    assert rows_of("me", SharedEstimates(frozenset(), {question: {}})) == []


def test_who_is_known_better_is_pulled_less():
    as_of = psycopg.TimestampFromTicks(0)
    sure, unsure = (Estimate(-20.0, sd, 25.0, 1.0, as_of) for sd in (1.0, 10.0))
    pooled = pool_estimates([sure, unsure, *(Estimate(0.0, 3.0, 25.0, 1.0, as_of) for _ in range(4))])
    assert pooled.case_means[0] < -18 < -15 < pooled.case_means[1] < 0

"""Which experiment next: from the marts to a ranked list."""

import numpy as np
import pytest

from santorio.cli.reading import proposed_protocol
from santorio.cli.summary import published
from santorio.sources.inbox import trials
from santorio.trials.levers import LEVERS
from santorio.trials.proposals import propose
from santorio.trials.schedules import LONGEST_RUN, find_law

DAYS = 150


@pytest.fixture
def lived(marts, autoregressive):
    rng = np.random.default_rng(8)
    marts.outcome("sleep_minutes", 440 + 25 * autoregressive(rng, DAYS, 0.3)[:, 0])
    marts.outcome("hrv_rmssd_ms", 55 + 6 * autoregressive(rng, DAYS, 0.5)[:, 0])
    marts.exposure("caffeine_after_15_mg", rng.choice([0.0, 80.0], DAYS), "mg")
    marts.exposure("alcohol_g", np.zeros(DAYS), "g")
    return marts


def proposals(marts):
    with marts.database.connect() as connection:
        return connection.execute(
            "select lever, outcome, arms, schedule, days_needed, assurance, value_per_day, why, question, seed,"
            " expected_information_gain from insights.proposals join insights.runs using (run_id)"
            " where runs.created_at = (select max(created_at) from insights.runs) order by rank"
        ).fetchall()


def test_proposals_are_ranked_by_value_each_lever_once_with_a_whole_schedule(lived):
    report = propose(lived.database, lived.person)
    assert report.status == "accepted"
    found = proposals(lived)
    assert report.rows == len(found) > 2
    assert len({row[0] for row in found}) == len(found)
    assert [row[6] for row in found] == sorted((row[6] for row in found), reverse=True)
    for _, _, arms, schedule, days, assurance, _, why, question, _, gain in found:
        assert [entry["day"] for entry in schedule] == list(range(1, days + 1))
        assert [entry["arm"] for entry in schedule].count(arms[1]) == days // 2
        assert 0.65 <= assurance < 1
        assert gain > 0
        assert f"{days} days" in why
        assert question.endswith("?")


def test_a_daily_schedule_has_no_long_run(lived):
    propose(lived.database, lived.person)
    schedule = next(row[3] for row in proposals(lived) if row[0] == "late-caffeine")
    arms = [entry["arm"] for entry in schedule]
    longest = max(
        len(run)
        for run in "".join("ab"[arm == arms[0]] for arm in arms)
        .replace("ab", "a b")
        .replace("ba", "b a")
        .split()
    )
    assert longest <= LONGEST_RUN


def test_who_does_not_drink_is_not_asked_to_stop(lived):
    propose(lived.database, lived.person)
    assert "alcohol" not in {row[0] for row in proposals(lived)}


def test_a_lever_that_a_trial_has_tested_is_not_proposed_again(lived):
    lived.trial("screens", ("usual", "no screens"), [0, 1] * 20)
    propose(lived.database, lived.person)
    levers = {row[0] for row in proposals(lived)}
    assert "screens" not in levers
    assert "late-caffeine" in levers


def test_when_every_lever_is_tried_nothing_stays_proposed(lived):
    propose(lived.database, lived.person)
    for lever in LEVERS:
        lived.trial(lever.slug, lever.arms, [0, 1] * 20)
    assert propose(lived.database, lived.person).status == "accepted"
    with lived.database.connect() as connection:
        assert published(connection, "proposals", "rank", lived.person) == []
    assert propose(lived.database, lived.person).status == "unchanged"


def test_unchanged_input_proposes_nothing_new(lived):
    propose(lived.database, lived.person)
    before = proposals(lived)
    assert propose(lived.database, lived.person).status == "unchanged"
    assert propose(lived.database, lived.person, force=True).status == "accepted"
    assert proposals(lived) == before


def test_without_days_it_says_so(marts):
    report = propose(marts.database, marts.person)
    assert report.status == "not enough data"


def test_a_proposal_is_imported_and_judged_by_the_law_that_drew_it(lived):
    propose(lived.database, lived.person)
    with lived.database.connect() as connection:
        plans = {
            slug: proposed_protocol(connection, lived.person, slug)
            for (slug,) in connection.execute("select slug from insights.proposals").fetchall()
        }
    kinds = set()
    for slug, plan in plans.items():
        found = trials.parse({**plan, "start_day": "2026-07-01"}, lived.person, None)
        assert found.rejections == [], slug
        data = found.events[0].data
        arm = np.array([data["arms"].index(name) for name in data["assignment"]])
        kinds.add(find_law(arm, data.get("period_days"), data.get("law")).kind)
    assert kinds == {"daily", "periods"}

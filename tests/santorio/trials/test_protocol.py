"""A protocol has one text and one hash, and lies on the calendar as it should."""

import datetime as dt
import json

import pytest
from pydantic import ValidationError

from santorio.stats.effect_priors import carry_over_from, robust_mixture
from santorio.stats.randomization import draw_daily
from santorio.trials import files as trial_files
from santorio.trials.interventions.intervention import Adherence
from santorio.trials.protocol import Protocol, parse_protocol
from santorio.trials.protocol_model import Model
from santorio.trials.study_calendar import schedule_on_calendar, spread_interim_days

ARMS = ("as usual", "ten minutes of humming")
START = dt.date(2026, 3, 2)  # a Monday


def make(**changes):
    stated = {
        "trial": "humming_focus",
        "question": "Does humming raise my focus?",
        "intervention": "humming",
        "arms": ARMS,
        "outcome": "measure_focus",
        "direction": "higher",
        "smallest_effect": 15,
        "lag_days": 0,
        "randomization": {"kind": "daily", "cycle_days": 14, "longest_run": 3},
        "cycles": 2,
        "seed": 7,
        "assignment": tuple(ARMS[k] for k in draw_daily(2, 14, 7).tolist()),
        "model": Model.from_priors(carry_over_from(1.0), robust_mixture(0.31, 0.2)),
        "adherence": Adherence(ask="Did you hum?"),
    }
    return Protocol.model_validate({**stated, **changes})


def test_however_a_number_is_written_the_text_and_the_hash_are_the_same():
    assert make(smallest_effect=15).sha256 == make(smallest_effect=15.0).sha256
    assert b'"smallest_effect":15,' in make(smallest_effect=15.0).canonical()
    assert make(smallest_effect=0.1 + 0.2).sha256 == make(smallest_effect=0.3).sha256


def test_a_protocol_of_format_1_keeps_its_text_and_its_hash():
    """Its hash was shown when it was accepted: the names of its fields are part of the promise."""
    by_day = make(format="santorio-protocol-1").starting(START)
    periods = make(
        format="santorio-protocol-1",
        randomization={"kind": "periods", "period_days": 4},
        period_days=4,
        washout_days=1,
        cycles=3,
        secondary=("mood",),
        assignment=(ARMS[:1] * 4 + ARMS[1:] * 4) * 3,
    ).starting(START)
    assert by_day.sha256 == "664995705ffa284f2bef9f87ea70d11ac537bc78e94a9a88ff0ae8ef5137ff6c"
    assert periods.sha256 == "cbb03e76251e4ce2703e111c29462ea2830976ade45396bda065909ef90d7bc2"
    assert b'"deciding":{"interim_looks":0,"threshold":0.8}' in by_day.canonical()
    assert b'"law":{"cycle_days":14,"kind":"daily","longest_run":3},"lever":"humming"' in by_day.canonical()
    assert Protocol.model_validate_json(by_day.canonical()) == by_day
    assert b"negative_control" not in by_day.canonical()
    assert by_day.with_interim_analyses(0) == by_day


def test_planned_looks_are_in_the_text_and_read_back():
    plain = make(cycles=5, assignment=make().assignment * 2 + make().assignment[:14]).starting(START)
    looked = plain.with_interim_analyses(2)
    assert b'"interim_after_days":[35,49]' in looked.canonical()
    assert b'"interim_threshold":0.95' in looked.canonical()
    assert b'"randomization":{"cycle_days":14,"kind":"daily","longest_run":3}' in looked.canonical()
    assert looked.sha256 != plain.sha256
    assert Protocol.model_validate_json(looked.canonical()) == looked
    old = (
        make(format="santorio-protocol-1", cycles=5, assignment=looked.drawn)
        .with_interim_analyses(2)
        .starting(START)
    )
    assert b'"deciding":{"interim_looks":2,"looks_after_days":[35,49],' in old.canonical()
    assert parse_protocol(json.loads(old.canonical())) == old
    assert "an interim analysis that is planned here" in looked.stopping
    # Given up, it has fewer days than its looks, and is the same protocol all the same.
    assert parse_protocol(looked.ended(START + dt.timedelta(days=20)).document()) is not None


@pytest.mark.parametrize(
    ("study_days", "count", "days"),
    [
        (70, 2, (35, 49)), (70, 6, (28, 35, 42, 49, 56, 63)), (70, 1, (42,)), (35, 1, (28,)), (84, 3, (35, 49, 63)),
        (28, 0, ()),
    ],
)  # fmt: skip
def test_looks_are_spread_over_the_weeks_from_the_fourth_on(study_days, count, days):
    assert spread_interim_days(study_days, count) == days


@pytest.mark.parametrize(("study_days", "count"), [(34, 1), (70, 7), (70, -1)])
def test_more_looks_than_weeks_are_none(study_days, count):
    with pytest.raises(ValueError, match="interim analyses are possible"):
        spread_interim_days(study_days, count)


def test_the_text_is_sorted_without_spaces_and_reads_back_as_the_same_protocol():
    protocol = make().starting(START)
    text = protocol.canonical().decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert Protocol.model_validate_json(text) == protocol
    assert Protocol.model_validate_json(text).sha256 == protocol.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"smallest_effect": 16}, {"question": "Does humming help?"}, {"seed": 8}, {"lag_days": 1},
        {"arms": ("usual", ARMS[1]), "assignment": ()}, {"model": Model()}, {"direction": "lower"},
        {"stopping": "When it looks good."}, {"negative_control": {"metric": "steps"}},
        {"negative_control": {"metric": "measure_height", "lag_days": 1}},
    ],
)  # fmt: skip
def test_whatever_changes_changes_the_hash(change):
    assert make(**change).sha256 != make().sha256


def test_a_protocol_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        make().smallest_effect = 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"assignment": ("another",)}, {"arms": ("one",)}, {"colour": "blue"}, {"smallest_effect": 0},
        {"randomization": {"kind": "periods", "period_days": 3}, "period_days": 4}, {"washout_days": 2},
        {"decision_rule": {"threshold": 0.8, "interim_analyses": 2}}, {"smallest_effect": float("nan")},
        {"decision_rule": {"interim_analyses": 1, "interim_after_days": (14,)}},
        {"decision_rule": {"interim_analyses": 2, "interim_after_days": (21, 14), "interim_threshold": 0.95}},
        {"decision_rule": {"interim_analyses": 1, "interim_after_days": (28,), "interim_threshold": 0.95}},
        {"negative_control": {"metric": "measure_focus"}}, {"negative_control": {"metric": "stepps"}},
    ],
)  # fmt: skip
def test_an_inconsistent_protocol_is_rejected(wrong):
    with pytest.raises(ValidationError):
        make(**wrong)


@pytest.mark.parametrize("format_", ["santorio-protocol-1", "santorio-protocol-2"])
def test_the_protocol_in_the_log_has_the_hash_that_was_shown(person, format_):
    protocol = make(format=format_, secondary=("mood", "measure_calm")).starting(START)
    found = trial_files.parse(json.loads(protocol.canonical()), person, None)
    assert found.rejections == []
    assert found.events[0].data["outcome"] == "focus"
    assert parse_protocol(found.events[0].data) == protocol
    assert parse_protocol(json.loads(found.events[0].document)).sha256 == protocol.sha256
    # A protocol that was accepted here is the same event as its document, imported as a file.
    accepted = trial_files.protocol_event(protocol, person)
    assert (accepted.event_id, accepted.content_hash) == (
        found.events[0].event_id,
        found.events[0].content_hash,
    )


def test_a_protocol_that_says_it_is_ours_and_is_not_is_refused_with_the_field(person):
    document = make().starting(START).document() | {"decision_rule": {"threshold": 3}}
    (rejection,) = trial_files.parse(document, person, None).rejections
    assert rejection.location == "decision_rule.threshold"


def test_a_protocol_written_by_hand_is_none_of_the_typed():
    assert parse_protocol({"trial": "tea", "arms": ["a", "b"], "outcome": "mood"}) is None


def test_excluded_weekdays_are_no_study_days_and_the_order_stays():
    protocol = make(not_on=("sunday",)).starting(START)
    assert [protocol.arm_of(START + dt.timedelta(days=day)) for day in (6, 13, 20)] == [None] * 3
    assert protocol.drawn == make().drawn
    assert protocol.last_day == START + dt.timedelta(days=28 + 4 - 1)


def test_a_pause_moves_the_days_that_are_left_and_may_end_otherwise_than_planned():
    protocol = make().starting(START)
    first = START + dt.timedelta(days=10)
    week = protocol.paused(first, first + dt.timedelta(days=7))
    assert week.drawn == protocol.drawn
    assert week.last_day == protocol.last_day + dt.timedelta(days=7)
    assert week.arm_of(first) is None
    assert week.paused(first, first + dt.timedelta(days=2)).last_day == protocol.last_day + dt.timedelta(
        days=2
    )
    assert week.paused(first, first) == protocol


def test_given_up_no_day_follows():
    protocol = make().starting(START).ended(START + dt.timedelta(days=5))
    assert len(protocol.drawn) == 5
    assert protocol.last_day == START + dt.timedelta(days=4)


def test_nothing_is_laid_out_of_no_days():
    assert schedule_on_calendar((), START, ()) == ()


def test_the_engines_take_the_priors_that_the_protocol_states():
    model = make().model
    assert model.carry_over_prior().mean == pytest.approx(0.5, abs=1e-5)
    assert model.prior().weights == pytest.approx((0.8, 0.2))
    assert model.prior().means == pytest.approx((0.31, 0.0))
    assert Model().carry_over_prior() is None

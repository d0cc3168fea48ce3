"""A protocol has one text and one hash, and lies on the calendar as it should."""

import datetime as dt
import json

import pytest
from pydantic import ValidationError

from santorio.stats.effect_priors import carry_over_from, robust_mixture
from santorio.stats.randomization import draw_daily
from santorio.trials import files as trial_files
from santorio.trials.interventions.catalog import Adherence
from santorio.trials.protocol import Model, Protocol, lay_out, look_days, protocol_of

ARMS = ("as usual", "ten minutes of humming")
START = dt.date(2026, 3, 2)  # a Monday


def make(**changes):
    stated = {
        "trial": "humming_focus",
        "question": "Does humming raise my focus?",
        "lever": "humming",
        "arms": ARMS,
        "outcome": "measure_focus",
        "direction": "higher",
        "smallest_effect": 15,
        "lag_days": 0,
        "law": {"kind": "daily", "cycle_days": 14, "longest_run": 3},
        "cycles": 2,
        "seed": 7,
        "assignment": tuple(ARMS[k] for k in draw_daily(2, 14, 7).tolist()),
        "model": Model.of(carry_over_from(1.0), robust_mixture(0.31, 0.2)),
        "adherence": Adherence(ask="Did you hum?"),
    }
    return Protocol.model_validate({**stated, **changes})


def test_however_a_number_is_written_the_text_and_the_hash_are_the_same():
    assert make(smallest_effect=15).sha256 == make(smallest_effect=15.0).sha256
    assert b'"smallest_effect":15,' in make(smallest_effect=15.0).canonical()
    assert make(smallest_effect=0.1 + 0.2).sha256 == make(smallest_effect=0.3).sha256


def test_a_protocol_that_was_frozen_before_there_were_looks_keeps_its_text_and_its_hash():
    by_day, periods = make().starting(START), make(
        law={"kind": "periods", "period_days": 4}, period_days=4, washout_days=1, cycles=3, secondary=("mood",),
        assignment=(ARMS[0], ARMS[0], ARMS[0], ARMS[0], ARMS[1], ARMS[1], ARMS[1], ARMS[1]) * 3,
    ).starting(START)  # fmt: skip
    assert by_day.sha256 == "664995705ffa284f2bef9f87ea70d11ac537bc78e94a9a88ff0ae8ef5137ff6c"
    assert periods.sha256 == "cbb03e76251e4ce2703e111c29462ea2830976ade45396bda065909ef90d7bc2"
    assert b'"deciding":{"interim_looks":0,"threshold":0.8}' in by_day.canonical()
    assert b"negative_control" not in by_day.canonical()
    assert by_day.with_looks(0) == by_day


def test_planned_looks_are_in_the_text_and_read_back():
    plain = make(cycles=5, assignment=make().assignment * 2 + make().assignment[:14]).starting(START)
    looked = plain.with_looks(2)
    assert b'"looks_after_days":[35,49]' in looked.canonical()
    assert b'"threshold_at_looks":0.95' in looked.canonical()
    assert looked.sha256 != plain.sha256
    assert Protocol.model_validate_json(looked.canonical()) == looked
    assert "a look that is planned here" in looked.stopping
    # Given up, it has fewer days than its looks, and is the same protocol all the same.
    assert protocol_of(looked.ended(START + dt.timedelta(days=20)).document()) is not None


@pytest.mark.parametrize(
    ("study_days", "count", "days"),
    [
        (70, 2, (35, 49)), (70, 6, (28, 35, 42, 49, 56, 63)), (70, 1, (42,)), (35, 1, (28,)), (84, 3, (35, 49, 63)),
        (28, 0, ()),
    ],
)  # fmt: skip
def test_looks_are_spread_over_the_weeks_from_the_fourth_on(study_days, count, days):
    assert look_days(study_days, count) == days


@pytest.mark.parametrize(("study_days", "count"), [(34, 1), (70, 7), (70, -1)])
def test_more_looks_than_weeks_are_none(study_days, count):
    with pytest.raises(ValueError, match="days to look after"):
        look_days(study_days, count)


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
        {"law": {"kind": "periods", "period_days": 3}, "period_days": 4}, {"washout_days": 2},
        {"deciding": {"threshold": 0.8, "interim_looks": 2}}, {"smallest_effect": float("nan")},
        {"deciding": {"interim_looks": 1, "looks_after_days": (14,)}},
        {"deciding": {"interim_looks": 2, "looks_after_days": (21, 14), "threshold_at_looks": 0.95}},
        {"deciding": {"interim_looks": 1, "looks_after_days": (28,), "threshold_at_looks": 0.95}},
        {"negative_control": {"metric": "measure_focus"}}, {"negative_control": {"metric": "stepps"}},
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_no_protocol(wrong):
    with pytest.raises(ValidationError):
        make(**wrong)


def test_what_the_log_keeps_has_the_hash_that_was_shown(person):
    protocol = make(secondary=("mood", "measure_calm")).starting(START)
    found = trial_files.parse(json.loads(protocol.canonical()), person, None)
    assert found.rejections == []
    assert found.events[0].data["outcome"] == "focus"
    assert protocol_of(found.events[0].data) == protocol
    assert protocol_of(json.loads(found.events[0].document)).sha256 == protocol.sha256


def test_a_protocol_that_says_it_is_ours_and_is_not_is_refused_with_the_field(person):
    document = make().starting(START).document() | {"deciding": {"threshold": 3}}
    (rejection,) = trial_files.parse(document, person, None).rejections
    assert rejection.location == "deciding.threshold"


def test_a_protocol_written_by_hand_is_none_of_the_typed():
    assert protocol_of({"trial": "tea", "arms": ["a", "b"], "outcome": "mood"}) is None


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
    assert lay_out((), START, ()) == ()


def test_the_engines_take_the_priors_that_the_protocol_states():
    model = make().model
    assert model.fading().mean == pytest.approx(0.5, abs=1e-5)
    assert model.prior().weights == pytest.approx((0.8, 0.2))
    assert model.prior().means == pytest.approx((0.31, 0.0))
    assert Model().fading() is None

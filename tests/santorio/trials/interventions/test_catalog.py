"""Levers: the registry is sound, a person can write their own, and neither may ask for what is not safe."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.importer import import_paths
from santorio.metrics import OUTCOMES
from santorio.storage.object_store import FolderStore
from santorio.trials.interventions.catalog import (
    MEASURE,
    Lever,
    LeverRefused,
    Limits,
    read_document,
    registry,
)
from santorio.trials.interventions.custom import read_own
from santorio.trials.interventions.safety import objections

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "levers.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
OWN = """
levers:
  - name: {name}
    change: {change}
    arms: [as usual, {arm}]
    outcomes: [mood]
    half_life_days: 0.2
    adherence: {{ask: Was it done?}}
    burden: 0.3
"""


def own(name="humming", change="humming in the morning", arm="ten minutes of humming"):
    return OWN.format(name=name, change=change, arm=arm)


def test_the_registry_has_enough_levers_each_with_a_source_and_what_is_our_judgement():
    levers = registry()
    assert len(levers) >= 25
    assert len({lever.name for lever in levers}) == len(levers)
    for lever in levers:
        assert all(source.doi or source.url for source in lever.sources), lever.name
        assert "judgement" in lever.judgement or "our" in lever.judgement, lever.name


def test_some_lever_has_more_than_two_arms_and_some_are_read_from_the_data():
    assert max(len(lever.arms) for lever in registry()) > 2
    assert sum(lever.adherence.read is not None for lever in registry()) >= 4


def test_whatever_a_lever_moves_is_a_metric_or_a_measure_that_states_which_way_is_welcome():
    for lever in registry():
        for outcome in lever.outcomes:
            assert outcome.metric in OUTCOMES or outcome.metric.startswith(MEASURE)
            assert outcome.registered().direction is not None, (lever.name, outcome.metric)


def test_a_negative_control_is_nothing_that_the_lever_may_move_and_comes_before_it():
    controlled = [lever for lever in registry() if lever.negative_control]
    assert controlled
    for lever in controlled:
        control = lever.negative_control
        # Steps of the day come before what is done in bed; a lever that acts on more than the night has none.
        assert (control.metric, control.lag) == ("steps", 0)
        assert all(OUTCOMES[one.series].lag_days == 1 for one in lever.outcomes), lever.name


def test_ones_own_lever_may_name_a_negative_control_that_it_cannot_move():
    text = own() + "    negative_control: measure_shoe_size\n"
    (lever,) = read_document(text).levers
    assert (lever.negative_control.series, lever.negative_control.lag) == ("shoe_size", 0)
    with pytest.raises(LeverRefused, match="name what it cannot"):
        read_document(text.replace("measure_shoe_size", "mood"))
    with pytest.raises(LeverRefused, match="is no metric that Santorio knows"):
        read_document(text.replace("measure_shoe_size", "shoe_size"))


def test_what_acts_slowly_is_never_changed_from_day_to_day():
    for lever in registry():
        carried = lever.carry_over()
        assert lever.shortest_period_days > 1 or carried is None, lever.name
        assert lever.shortest_period_days >= lever.onset_days


def test_the_share_that_is_felt_tomorrow_follows_from_half_life_and_onset():
    walk, light = (
        next(one for one in registry() if one.name == name) for name in ("evening-walk", "morning-light")
    )
    assert walk.carry_over() is None
    assert light.carry_over().mean == pytest.approx(2**-0.5)


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_the_documentation_shows_is_read(example):
    document = read_document(example)
    assert document.levers or document.limits != Limits()
    assert all(lever.own for lever in document.levers)


@pytest.mark.parametrize(
    "arm",
    [
        "half of the usual pills", "0.3 mg of melatonin", "skipping breakfast", "eating window of eight hours",
        "a session for my depression", "two glasses of wine",
        "twice the usual coffee, no milk", "an espresso at noon", "harder training",
        "an extra long run", "an ice bath", "no sleep", "a 24 hour fast",
    ],
)  # fmt: skip
def test_what_is_not_safe_is_refused_with_the_advice_to_ask_a_doctor(arm):
    with pytest.raises(LeverRefused, match="ask a doctor"):
        read_document(own(arm=arm))


@pytest.mark.parametrize(
    "arm",
    [
        "no wine",
        "coffee only before noon, half of the usual",
        "a slow breakfast",
        "walking in a steadfast way",
    ],
)
def test_what_only_takes_away_or_only_sounds_alike_is_not_refused(arm):
    assert objections(("x", "changing something"), ("as usual", arm)) == []


def test_who_must_not_try_it_may_name_a_disease():
    document = read_document(own() + "    not_for: [who has asthma or takes insulin]\n")
    assert document.levers[0].not_for == ("who has asthma or takes insulin",)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (own().replace("mood", "moood"), "is no metric that Santorio knows"),
        (own().replace("burden: 0.3", "burden: 3"), "less than or equal to 1"),
        (own().replace("    burden: 0.3\n", ""), "“burden” is missing"),
        (own() + "    colour: blue\n", "“colour” is no field that a lever has"),
        (own() + "    onset_days: 3\n", "at least onset_days"),
        (own(arm="As usual"), "two arms have the same name"),
        (own() + own().split("levers:\n")[1], "the same name"),
        ("levers: 3", "is no list of levers"),
        ("levers: [", "is no YAML"),
        ("levers: [{name: 2026-13-45}]", "is no YAML"),
        ("levers: [{burden: " + "9" * 5000 + "}]", "is no YAML"),
        ("levers: []" + " " * 200_000, "too long"),
        (own(name="Loud_Humming"), "“name” is not written as"),
        ("limits: {longest_days: 3}", "“limits.longest_days”"),
        ("limits: {not_on: [funday]}", "“limits.not_on.0”"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(wrong, says):
    with pytest.raises(LeverRefused) as refused:
        read_document(wrong)
    assert says in str(refused.value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted(Lever.model_fields)) | st.integers() | st.text(max_size=5), inner
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(["lever", "levers", "limits"]), PLAIN)
def test_whatever_a_file_holds_it_is_read_or_refused_in_a_sentence(key, content):
    try:
        read_document(yaml.safe_dump({key: content}))
    except LeverRefused as refused:
        assert refused.message  # noqa: PT017 - both ways out are right


def test_every_mistake_of_a_file_is_told_with_its_lever():
    two = own(name="one") + own(name="two").split("levers:\n")[1]
    with pytest.raises(LeverRefused) as refused:
        read_document(two.replace("mood", "moood"))
    assert "In the lever “one”" in str(refused.value)
    assert "In the lever “two”" in str(refused.value)


def test_a_lever_and_limits_dropped_into_the_inbox_are_kept_once_and_the_newest_counts(
    database, person, tmp_path
):
    file, store = tmp_path / "mine.yaml", FolderStore(tmp_path / "objects")
    file.write_text("# mine\n" + own() + "limits: {longest_days: 42}\n")
    assert import_paths(database, store, person, [file]).events_new == 2
    assert import_paths(database, store, person, [file]).events_new == 0
    file.write_text(own(arm="five minutes of humming"))
    assert import_paths(database, store, person, [file]).events_new == 1
    with database.connect() as connection:
        found = read_own(connection, person)
    assert [lever.arms[1] for lever in found.levers] == ["five minutes of humming"]
    assert found.limits.longest_days == 42
    assert found.levers[0].own


def test_a_refused_file_is_kept_aside_and_adds_nothing(database, person, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(own(arm="twice the pills"))
    report = import_paths(database, FolderStore(tmp_path / "objects"), person, [file])
    assert (report.events_new, report.rejected) == (0, 1)
    assert "ask a doctor" in report.files[0].rejected[0].reason

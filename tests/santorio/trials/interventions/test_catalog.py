"""Interventions: the registry is sound, a person can write their own, and neither may ask for what is not safe."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.importer import import_paths
from santorio.metrics import OUTCOMES
from santorio.storage.event_log import write_events
from santorio.storage.object_store import FolderStore
from santorio.trials.interventions.catalog import (
    InterventionRejected,
    built_in_interventions,
    parse_intervention_file,
)
from santorio.trials.interventions.custom import events_of, load_custom_interventions, withdraw
from santorio.trials.interventions.files import looks_like
from santorio.trials.interventions.intervention import MEASURE, Intervention, Limits
from santorio.trials.interventions.safety import objections

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "interventions.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
OWN = """
interventions:
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


def test_the_catalog_has_enough_interventions_each_with_a_source_and_the_numbers_that_are_a_judgement():
    interventions = built_in_interventions()
    assert len(interventions) >= 25
    assert len({intervention.name for intervention in interventions}) == len(interventions)
    for intervention in interventions:
        assert all(source.doi or source.url for source in intervention.sources), intervention.name
        assert "judgement" in intervention.judgement or "our" in intervention.judgement, intervention.name


def test_some_intervention_has_more_than_two_arms_and_some_are_read_from_the_data():
    assert max(len(intervention.arms) for intervention in built_in_interventions()) > 2
    assert sum(intervention.adherence.read is not None for intervention in built_in_interventions()) >= 4


def test_whatever_an_intervention_moves_is_a_metric_or_a_measure_that_states_which_way_is_welcome():
    for intervention in built_in_interventions():
        for outcome in intervention.outcomes:
            assert outcome.metric in OUTCOMES or outcome.metric.startswith(MEASURE)
            assert outcome.registered().direction is not None, (intervention.name, outcome.metric)


def test_a_negative_control_is_nothing_that_the_intervention_may_move_and_comes_before_it():
    controlled = [intervention for intervention in built_in_interventions() if intervention.negative_control]
    assert controlled
    for intervention in controlled:
        control = intervention.negative_control
        # Steps of the day come before what is done in bed; an intervention that acts on more than the night has none.
        assert (control.metric, control.lag) == ("steps", 0)
        assert all(OUTCOMES[outcome.series].lag_days == 1 for outcome in intervention.outcomes), (
            intervention.name
        )


def test_ones_own_intervention_may_name_a_negative_control_that_it_cannot_move():
    text = own() + "    negative_control: measure_shoe_size\n"
    (intervention,) = parse_intervention_file(text).interventions
    assert (intervention.negative_control.series, intervention.negative_control.lag) == ("shoe_size", 0)
    with pytest.raises(InterventionRejected, match="name one that it cannot"):
        parse_intervention_file(text.replace("measure_shoe_size", "mood"))
    with pytest.raises(InterventionRejected, match="is not a metric of Santorio's"):
        parse_intervention_file(text.replace("measure_shoe_size", "shoe_size"))


def test_slow_interventions_are_never_changed_from_day_to_day():
    for intervention in built_in_interventions():
        carried = intervention.carry_over()
        assert intervention.shortest_period_days > 1 or carried is None, intervention.name
        assert intervention.shortest_period_days >= intervention.onset_days


def test_the_share_that_is_felt_tomorrow_follows_from_half_life_and_onset():
    walk, light = (
        next(built_in for built_in in built_in_interventions() if built_in.name == name)
        for name in ("evening-walk", "morning-light")
    )
    assert walk.carry_over() is None
    assert light.carry_over().mean == pytest.approx(2**-0.5)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_documentation_are_valid(example):
    document = parse_intervention_file(example)
    assert document.interventions or document.limits != Limits()
    assert all(intervention.own for intervention in document.interventions)


@pytest.mark.parametrize(
    "arm",
    [
        "half of the usual pills", "0.3 mg of melatonin", "skipping breakfast", "eating window of eight hours",
        "a session for my depression", "two glasses of wine",
        "twice the usual coffee, no milk", "an espresso at noon", "harder training",
        "an extra long run", "an ice bath", "no sleep", "a 24 hour fast",
    ],
)  # fmt: skip
def test_an_unsafe_intervention_is_refused_with_the_advice_to_ask_a_doctor(arm):
    with pytest.raises(InterventionRejected, match="ask a doctor"):
        parse_intervention_file(own(arm=arm))


@pytest.mark.parametrize(
    "arm",
    [
        "no wine",
        "coffee only before noon, half of the usual",
        "a slow breakfast",
        "walking in a steadfast way",
    ],
)
def test_an_intervention_that_only_reduces_or_only_sounds_unsafe_is_not_refused(arm):
    assert objections(("x", "changing something"), ("as usual", arm)) == []


def test_not_for_may_name_a_disease():
    document = parse_intervention_file(own() + "    not_for: [who has asthma or takes insulin]\n")
    assert document.interventions[0].not_for == ("who has asthma or takes insulin",)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (own().replace("mood", "moood"), "is not a metric of Santorio's"),
        (own().replace("burden: 0.3", "burden: 3"), "less than or equal to 1"),
        (own().replace("    burden: 0.3\n", ""), "“burden” is missing"),
        (own() + "    colour: blue\n", "“colour” is not a field of an intervention"),
        (own() + "    onset_days: 3\n", "at least onset_days"),
        (own(arm="As usual"), "two arms have the same name"),
        (own() + own().split("interventions:\n")[1], "the same name"),
        ("interventions: 3", "is not a list of interventions"),
        ("interventions: [", "is not valid YAML"),
        ("interventions: [{name: 2026-13-45}]", "is not valid YAML"),
        ("interventions: [{burden: " + "9" * 5000 + "}]", "is not valid YAML"),
        ("interventions: []" + " " * 200_000, "too long"),
        (own(name="Loud_Humming"), "“name” is not written as"),
        ("limits: {longest_days: 3}", "“limits.longest_days”"),
        ("limits: {not_on: [funday]}", "“limits.not_on.0”"),
    ],
)
def test_a_mistake_is_reported_in_a_sentence(wrong, says):
    with pytest.raises(InterventionRejected) as refused:
        parse_intervention_file(wrong)
    assert says in str(refused.value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(sorted(Intervention.model_fields)) | st.integers() | st.text(max_size=5), inner
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(["intervention", "interventions", "limits"]), PLAIN)
def test_any_file_is_read_or_rejected_in_a_sentence(key, content):
    try:
        parse_intervention_file(yaml.safe_dump({key: content}))
    except InterventionRejected as refused:
        assert refused.message  # noqa: PT017 - both ways out are right


def test_every_mistake_of_a_file_is_reported_with_its_intervention():
    two = own(name="one") + own(name="two").split("interventions:\n")[1]
    with pytest.raises(InterventionRejected) as refused:
        parse_intervention_file(two.replace("mood", "moood"))
    assert "In the intervention “one”" in str(refused.value)
    assert "In the intervention “two”" in str(refused.value)


def test_an_intervention_and_limits_dropped_into_the_inbox_are_kept_once_and_the_newest_counts(
    database, person, tmp_path
):
    file, store = tmp_path / "mine.yaml", FolderStore(tmp_path / "objects")
    file.write_text("# mine\n" + own() + "limits: {longest_days: 42}\n")
    assert import_paths(database, store, person, [file]).events_new == 2
    assert import_paths(database, store, person, [file]).events_new == 0
    file.write_text(own(arm="five minutes of humming"))
    assert import_paths(database, store, person, [file]).events_new == 1
    with database.connect() as connection:
        found = load_custom_interventions(connection, person)
    assert [intervention.arms[1] for intervention in found.interventions] == ["five minutes of humming"]
    assert found.limits.longest_days == 42
    assert found.interventions[0].own


def test_a_refused_file_is_kept_aside_and_adds_nothing(database, person, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(own(arm="twice the pills"))
    report = import_paths(database, FolderStore(tmp_path / "objects"), person, [file])
    assert (report.events_new, report.rejected) == (0, 1)
    assert "ask a doctor" in report.files[0].rejected[0].reason


@pytest.mark.parametrize("key", ["interventions", "levers"])
def test_a_file_that_was_written_for_an_earlier_version_is_still_read(key):
    text = own().replace("interventions:", f"{key}:")
    assert looks_like(text)
    assert parse_intervention_file(text) == parse_intervention_file(own())
    single = own().replace("interventions:\n  - ", f"{key[:-1]}:\n    ")
    assert looks_like(single)
    assert parse_intervention_file(single) == parse_intervention_file(own())


def test_an_intervention_in_the_log_of_an_earlier_version_is_read_replaced_and_withdrawn(database, person):
    (event,) = events_of(parse_intervention_file(own()), person)

    def names():
        with database.connect() as connection:
            found = load_custom_interventions(connection, person).interventions
        return [(intervention.name, intervention.arms[1]) for intervention in found]

    with database.connect() as connection:
        write_events(connection, [replace(event, event_type="trial.lever")])
    assert names() == [("humming", "ten minutes of humming")]
    with database.connect() as connection:
        write_events(
            connection, events_of(parse_intervention_file(own(arm="five minutes of humming")), person)
        )
    assert names() == [("humming", "five minutes of humming")]
    assert withdraw(database, person, "humming")
    assert names() == []
    assert not withdraw(database, person, "humming")

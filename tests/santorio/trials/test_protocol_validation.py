"""A trial's protocol as a file: its problems are named, and no trial is judged by rules that it does not state."""

import datetime as dt
import json
import uuid

import pytest

from santorio.ingest.file_parser import parse_file
from santorio.ingest.importer import import_paths
from santorio.metrics import OUTCOMES
from santorio.people import Person
from santorio.storage.object_store import FolderStore

PERSON = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
PROTOCOL = {
    "trial": "Late screens",
    "arms": ["as usual", "no screens"],
    "outcome": "sleep_minutes",
    "secondary": ["Deep sleep minutes", "measure_Dream recall"],
    "direction": "higher",
    "smallest_effect": 15,
    "lag_days": 1,
    "start_day": "2026-03-01",
    "period_days": 2,
    "washout_days": 1,
    "assignment": ["no screens", 0, True, "1", None],
}
LATER = (dt.datetime.now(dt.UTC) + dt.timedelta(days=740)).date().isoformat()


def taken(**changes):
    return parse_file(json.dumps({**PROTOCOL, **changes}).encode(), PERSON, NOW)


def test_a_sound_protocol_is_taken_with_names_as_the_warehouse_knows_them():
    found = taken()
    (event,) = found.events
    assert found.rejections == []
    assert (event.data["trial"], event.data["outcome"]) == ("late_screens", "sleep_minutes")
    assert event.data["secondary"] == ["deep_sleep_minutes", "dream_recall"]
    assert event.data["assignment"] == PROTOCOL["assignment"]


@pytest.mark.parametrize("metric", OUTCOMES)
def test_every_metric_may_be_an_outcome(metric):
    assert taken(outcome=metric, smallest_effect=None).events[0].data["outcome"] == metric


def test_a_free_measure_is_an_outcome_where_it_is_named_as_one():
    assert taken(outcome="measure_headache").events[0].data["outcome"] == "headache"
    found = taken(outcome="headache")
    assert found.events == []
    assert "measure_headache" in found.rejections[0].reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outcome": "slep_minutes"}, "outcome"),
        ({"outcome": "measure_"}, "outcome"),
        ({"outcome": ["sleep_minutes"]}, "outcome"),
        ({"secondary": "mood"}, "secondary"),
        ({"direction": "sideways"}, "direction"),
        ({"direction": ["higher"]}, "direction"),
        ({"arms": ["as usual", "as usual", "no screens"]}, "arms"),
        ({"arms": ["as usual", None]}, "arms"),
        ({"arms": "ab"}, "arms"),
        ({"assignment": ["no screens", "no coffee"]}, "assignment"),
        ({"assignment": {"1": "no screens", "2": 2}}, "assignment"),
        ({"assignment": [0, -1]}, "assignment"),
        ({"assignment": {"0": 1}}, "assignment"),
        ({"assignment": {"first": 1}}, "assignment"),
        ({"assignment": "0101"}, "assignment"),
        ({"smallest_effect": 0}, "smallest_effect"),
        ({"smallest_effect": -15}, "smallest_effect"),
        ({"smallest_effect": 1e9}, "smallest_effect"),
        ({"smallest_effect": "15 min"}, "smallest_effect"),
        ({"smallest_effect": True}, "smallest_effect"),
        ({"start_day": LATER}, "start_day"),
        ({"start_day": "0026-03-01"}, "start_day"),
        ({"start_day": "2026-02-30"}, "start_day"),
        ({"start_day": "20260301"}, "start_day"),
        ({"start_day": None}, "start_day"),
        ({"period_days": 0}, "period_days"),
        ({"period_days": "7"}, "period_days"),
        ({"washout_days": 2}, "washout_days"),
        ({"washout_days": -1}, "washout_days"),
        ({"washout_days": 1, "period_days": None}, "washout_days"),
        ({"lag_days": -1}, "lag_days"),
    ],
)
def test_the_problem_of_a_protocol_is_named_and_nothing_of_it_is_imported(changes, field):
    found = taken(**changes)
    assert found.events == []
    assert found.keep
    ((code, location, reason),) = [
        (rejection.code, rejection.location, rejection.reason) for rejection in found.rejections
    ]
    assert (code, location) == ("bad_protocol", field)
    assert f"“{field}”" in reason
    assert reason.endswith("Correct it and import again (docs/logs.md shows one).")


def test_everything_that_is_wrong_is_named_at_once():
    found = taken(direction="up", smallest_effect=0, start_day="soon")
    assert [rejection.location for rejection in found.rejections] == [
        "direction",
        "start_day",
        "smallest_effect",
    ]


def test_an_unknown_secondary_outcome_is_refused_alone():
    found = taken(secondary=["mood", "slep_score"])
    assert found.events[0].data["secondary"] == ["mood"]
    assert [(rejection.code, rejection.location) for rejection in found.rejections] == [
        ("unknown_outcome", "secondary 2")
    ]
    assert found.keep


def test_a_refused_protocol_is_kept_aside_and_its_correction_is_taken(database, person, tmp_path):
    store, file = FolderStore(tmp_path / "objects"), tmp_path / "protocol.json"
    for direction, status in (("sideways", "rejected"), ("higher", "imported")):
        file.write_text(json.dumps({**PROTOCOL, "direction": direction}))
        assert [imported.outcome for imported in import_paths(database, store, person, [file]).files] == [
            status
        ]
    with database.connect() as connection:
        aside = connection.execute("select code, location from ops.rejected_records").fetchall()
        kept = connection.execute(
            "select data ->> 'direction' from raw.events where event_type = 'trial.protocol'"
        ).fetchall()
    assert (aside, kept) == ([("bad_protocol", "direction")], [("higher",)])

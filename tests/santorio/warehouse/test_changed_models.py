"""Which models a change reaches: the event types that a model declares are those that its SQL keeps."""

import json
import re
from typing import Any

import pytest

from santorio.warehouse import ensure_manifest
from santorio.warehouse.manifest import Model, changed_models, read_models

EVENT_TYPES = re.compile(r"event_type\s*(?:=|in)\s*(\([^)]*\)|'[^']+')")


def all_macros(node: dict[str, Any], manifest: dict[str, Any]) -> set[str]:
    """Macros that a model uses, directly or by another one."""
    found: set[str] = set()
    waiting = list(node["depends_on"]["macros"])
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += manifest["macros"].get(key, {}).get("depends_on", {}).get("macros", [])
    return found


def reads_log(node: dict[str, Any]) -> bool:
    """Whether it reads events as they came, of all types."""
    return any(parent.startswith("model.santorio.base_") for parent in node["depends_on"]["nodes"])


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return read_models(ensure_manifest())


def test_what_keeps_some_event_types_of_the_log_declares_exactly_these() -> None:
    manifest = json.loads(ensure_manifest().read_text())
    samples = manifest["macros"]["macro.santorio.unpacked_samples"]["macro_sql"]
    kept, declared = {}, {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or not reads_log(node) or node["fqn"][1:3] == ["staging", "base"]:
            continue
        text = node["raw_code"] + (
            samples if "macro.santorio.unpacked_samples" in all_macros(node, manifest) else ""
        )
        types = {name for found in EVENT_TYPES.findall(text) for name in re.findall(r"'([^']+)'", found)}
        # A view of the intermediate layer is not built, and passes nothing on.
        if types and (node["fqn"][1], node["config"]["materialized"]) != ("intermediate", "view"):
            kept[node["name"]] = types
            declared[node["name"]] = set(node["config"]["meta"].get("event_types", ()))
    assert len(kept) > 50
    assert declared == kept


def test_an_entry_of_caffeine_reaches_the_days_and_exposures_and_no_sleep(models: list[Model]) -> None:
    changed = changed_models(models, ["caffeine"], has_changed_days=False)
    assert changed >= {
        "base_events__current", "stg_logs__caffeine", "int_intakes__by_day", "exposures", "days", "day_quality",
    }  # fmt: skip
    assert not changed & {"nights", "activities", "coverage", "training_days", "samples"}
    tables = {model.name for model in models if model.is_incremental}
    assert len(changed & tables) < len(tables) / 8


def test_a_day_of_the_ledger_reaches_what_reads_the_ledger_and_no_event(models: list[Model]) -> None:
    changed = changed_models(models, [], has_changed_days=True)
    assert changed >= {"coverage", "int_coverage__by_day", "days", "day_quality"}
    assert not changed & {"base_events__current", "stg_logs__caffeine", "nights", "activities"}


def test_a_model_that_declares_no_event_type_is_reached_by_every_event(models: list[Model]) -> None:
    undeclared = Model("notes", ("staging", "notes"), "incremental", "", ("base_logs__entries",))
    assert "notes" in changed_models([*models, undeclared], ["mood"], has_changed_days=False)


def test_nothing_changed_reaches_nothing(models: list[Model]) -> None:
    assert changed_models(models, [], has_changed_days=False) == frozenset()

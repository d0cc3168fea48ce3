"""The models of the warehouse, from dbt's manifest: what each reads, and a fingerprint of its logic.

A model's fingerprint covers its SQL, the project's macros that it uses, its configuration, the types and keys of its
columns, and the fingerprints of the models that it reads: it changes exactly when the rows could.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import orjson

INCREMENTAL = "incremental"
VIEWS = frozenset({"view", "lasting_view"})
# Its views read what the analyses publish, so that they are made after those, in a step of their own.
API = "api"
# A change in these schemas queues events; a change in `ops` queues person-days.
LOG_SCHEMAS = frozenset({"raw", "training"})
OPS_SCHEMA = "ops"
# Configuration that cannot change a row.
_NOT_LOGIC = frozenset({"description", "docs", "meta", "tags", "group", "access", "persist_docs"})


@dataclass(frozen=True)
class Model:
    """One model of the warehouse.

    Parameters
    ----------
    name
        Its name, which is the table's too.
    relation
        Schema and table.
    materialized
        How dbt makes it: `incremental`, `view`, `lasting_view` or `seed`.
    fingerprint
        Of its logic and of all the models that it reads, directly or not.
    parents
        Names of the models that it reads.
    sources
        Schemas of the sources that it reads.
    event_types
        Event types of the log that it selects (`meta: event_types`); empty where it declares none.
    is_base
        Whether it passes on events of all types to the staging models (`models/staging/base`).
    """

    name: str
    relation: tuple[str, str]
    materialized: str
    fingerprint: str
    parents: tuple[str, ...]
    sources: frozenset[str] = frozenset()
    event_types: frozenset[str] = frozenset()
    is_base: bool = False

    @property
    def is_incremental(self) -> bool:
        """Whether a build can remake the rows that changed, and no others."""
        return self.materialized == INCREMENTAL

    @property
    def is_seed(self) -> bool:
        """Whether its rows are a file of the project."""
        return self.materialized == "seed"

    @property
    def is_view(self) -> bool:
        """Whether it holds no rows of its own."""
        return self.materialized in VIEWS


def read_models(manifest: Path) -> list[Model]:
    """Read the manifest: every model up to the marts, each after all that it reads."""
    document = orjson.loads(manifest.read_bytes())
    nodes = {key: node for key, node in document["nodes"].items() if _is_table_or_seed(node)}
    parents_of = {key: sorted(nodes.keys() & _inputs(node)) for key, node in nodes.items()}
    models: dict[str, Model] = {}
    # Parents first: a model's fingerprint contains theirs.
    for key in TopologicalSorter(parents_of).static_order():
        parents = [models[parent] for parent in parents_of[key]]
        models[key] = _model(nodes[key], parents, document)
    return list(models.values())


def changed_models(
    models: Sequence[Model], event_types: Collection[str], *, has_changed_days: bool
) -> frozenset[str]:
    """Name the models whose rows can differ after a change: what reads these events, and all that reads those models.

    Parameters
    ----------
    models
        All models, each after its parents.
    event_types
        Types of the events that changed.
    has_changed_days
        Whether something beside the log changed: coverage, or a person's time zone.
    """
    changed: set[str] = set()
    base = {model.name for model in models if model.is_base}
    for model in models:
        changed_parents = changed.intersection(model.parents)
        if model.is_base:
            # A person's other time zone is a change of all events of the person.
            is_changed = bool(event_types)
        elif model.event_types:
            # A base model holds all types: of its rows only these matter.
            selects_events = not model.event_types.isdisjoint(event_types)
            is_changed = selects_events or bool(changed_parents - base)
        else:
            reads_events = bool(event_types) and not model.sources.isdisjoint(LOG_SCHEMAS)
            reads_days = has_changed_days and OPS_SCHEMA in model.sources
            is_changed = reads_events or reads_days or bool(changed_parents)
        if is_changed:
            changed.add(model.name)
    return frozenset(changed)


def read_views(manifest: Path) -> tuple[list[str], str]:
    """Read the names of the API's views, and one fingerprint of the logic of all of them; not of what they read."""
    document = orjson.loads(manifest.read_bytes())
    fingerprints: dict[str, str] = {}
    for node in document["nodes"].values():
        if _is_view_of_api(node):
            view = _model(node, [], document)
            _, name = view.relation
            fingerprints[name] = view.fingerprint
    names = sorted(fingerprints)
    pairs = [[name, fingerprints[name]] for name in names]
    return names, hashlib.sha256(orjson.dumps(pairs)).hexdigest()


def _is_view_of_api(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["fqn"][1] == API)


def _is_table_or_seed(node: Mapping[str, Any]) -> bool:
    if node["resource_type"] == "model":
        return not _is_view_of_api(node)
    return bool(node["resource_type"] == "seed")


def _inputs(node: Mapping[str, Any]) -> set[str]:
    """Keys of the models, seeds and sources that a node reads."""
    # A seed reads nothing, and its entry in the manifest has no such list.
    return set(node["depends_on"].get("nodes", ()))


def _model(node: Mapping[str, Any], parents: list[Model], document: Mapping[str, Any]) -> Model:
    sources = [document["sources"][key] for key in _inputs(node) if key in document["sources"]]
    return Model(
        name=node["name"],
        relation=(node["schema"], node.get("alias") or node["name"]),
        materialized=node["config"]["materialized"],
        fingerprint=_fingerprint(node, parents, sources, document),
        parents=tuple(sorted(parent.name for parent in parents)),
        sources=frozenset(source["schema"] for source in sources),
        event_types=frozenset(node["config"].get("meta", {}).get("event_types", ())),
        is_base=node["fqn"][1:3] == ["staging", "base"],
    )


def _fingerprint(
    node: Mapping[str, Any],
    parents: Sequence[Model],
    sources: Sequence[Mapping[str, Any]],
    document: Mapping[str, Any],
) -> str:
    """Hash everything of a node that can change a row."""
    logic = {
        "sql": node["raw_code"],
        # Of a seed: its file.
        "rows": node["checksum"] if node["resource_type"] == "seed" else None,
        "macros": {key: document["macros"][key]["macro_sql"] for key in _macros(node, document)},
        "config": {key: value for key, value in node["config"].items() if key not in _NOT_LOGIC},
        "columns": {name: _type_and_constraints(column) for name, column in node["columns"].items()},
        "constraints": node.get("constraints"),
        "sources": {source["unique_id"]: source["relation_name"] for source in sources},
        "parents": {parent.name: parent.fingerprint for parent in parents},
    }
    return hashlib.sha256(orjson.dumps(logic, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _type_and_constraints(column: Mapping[str, Any]) -> list[Any]:
    return [column.get("data_type"), column.get("constraints")]


def _macros(node: Mapping[str, Any], document: Mapping[str, Any]) -> set[str]:
    """Find the project's own macros that a model uses, directly or by another one."""
    found: set[str] = set()
    waiting = list(_own_macros(node, document))
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += _own_macros(document["macros"][key], document)
    return found


def _own_macros(node: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    project = document["metadata"]["project_name"]
    for key in node["depends_on"]["macros"]:
        if key in document["macros"] and document["macros"][key]["package_name"] == project:
            yield key

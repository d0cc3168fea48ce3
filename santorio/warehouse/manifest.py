"""The models of the warehouse as dbt's manifest tells them: what each reads, and a fingerprint of its logic.

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
# They read what the analyses publish, and are made by themselves after those.
API = "api"
# A change in these schemas queues events; one in the other queues person-days.
LOG_SCHEMAS = frozenset({"raw", "training"})
OPS_SCHEMA = "ops"
# What says nothing about rows.
_WORDS = frozenset({"description", "docs", "meta", "tags", "group", "access", "persist_docs"})


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
        How dbt makes it: `incremental`, `view`, `lasting_view`
    fingerprint
        Of its logic and of all that is behind it.
    parents
        Names of the models that it reads.
    sources
        Schemas of the sources that it reads.
    event_types
        The event types that it keeps of the log (`meta: event_types`); empty where it declares none.
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
        """Whether a build can make again the rows that arrivals touch, and those alone."""
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
    nodes = {key: node for key, node in document["nodes"].items() if _is_ours(node)}
    behind = {key: [parent for parent in _parents(node) if parent in nodes] for key, node in nodes.items()}
    models: dict[str, Model] = {}
    for key in TopologicalSorter(behind).static_order():
        parents = [models[one] for one in behind[key]]
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
        if model.is_base:
            # A person's other time zone is a change of all events of the person.
            is_changed = bool(event_types)
        elif model.event_types:
            # A base model holds all types: of its rows only these matter.
            is_changed = not model.event_types.isdisjoint(event_types) or not changed.isdisjoint(
                set(model.parents) - base
            )
        else:
            reads_events = bool(event_types) and not model.sources.isdisjoint(LOG_SCHEMAS)
            reads_days = has_changed_days and OPS_SCHEMA in model.sources
            is_changed = reads_events or reads_days or not changed.isdisjoint(model.parents)
        if is_changed:
            changed.add(model.name)
    return frozenset(changed)


def read_views(manifest: Path) -> tuple[list[str], str]:
    """Names of the API's views, and a fingerprint of the logic of them all; not of what they read."""
    document = orjson.loads(manifest.read_bytes())
    views = [
        _model(node, [], document)
        for node in document["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == API
    ]
    told = sorted([view.relation[1], view.fingerprint] for view in views)
    return [name for name, _ in told], hashlib.sha256(orjson.dumps(told)).hexdigest()


def _is_ours(node: Mapping[str, Any]) -> bool:
    is_model = node["resource_type"] == "model" and node["fqn"][1] != API
    return bool(is_model or node["resource_type"] == "seed")


def _parents(node: Mapping[str, Any]) -> list[str]:
    # A seed reads nothing, and its entry in the manifest has no such list.
    return list(node["depends_on"].get("nodes", ()))


def _model(node: Mapping[str, Any], parents: list[Model], document: Mapping[str, Any]) -> Model:
    macros = {key: document["macros"][key]["macro_sql"] for key in _macros(node, document)}
    sources = [key for key in _parents(node) if key in document["sources"]]
    logic = {
        "sql": node["raw_code"],
        "rows": node["checksum"] if node["resource_type"] == "seed" else None,
        "macros": macros,
        "config": {key: value for key, value in node["config"].items() if key not in _WORDS},
        "columns": {
            name: [column.get("data_type"), column.get("constraints")]
            for name, column in node["columns"].items()
        },
        "constraints": node.get("constraints"),
        "sources": {key: document["sources"][key]["relation_name"] for key in sources},
        "parents": {one.name: one.fingerprint for one in parents},
    }
    return Model(
        name=node["name"],
        relation=(node["schema"], node.get("alias") or node["name"]),
        materialized=node["config"]["materialized"],
        fingerprint=hashlib.sha256(orjson.dumps(logic, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        parents=tuple(sorted(one.name for one in parents)),
        sources=frozenset(document["sources"][key]["schema"] for key in sources),
        event_types=frozenset(node["config"].get("meta", {}).get("event_types", ())),
        is_base=node["fqn"][1:3] == ["staging", "base"],
    )


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

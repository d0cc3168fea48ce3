"""The models of the warehouse as dbt's manifest tells them: what each reads, and a fingerprint of its logic.

A model's fingerprint covers its SQL, the project's macros that it uses, its configuration, the types and keys of its
columns, and the fingerprints of the models that it reads: it changes exactly when the rows could.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import orjson

INCREMENTAL = frozenset({"by_event", "by_day", "by_person"})
VIEWS = frozenset({"view", "lasting_view"})
# They read what the analyses publish, and are made by themselves after those.
API = "api"
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
        How dbt makes it: `by_event`, `by_day`, `by_person`, `view` …
    fingerprint
        Of its logic and of all that is behind it.
    parents
        Names of the models that it reads.
    """

    name: str
    relation: tuple[str, str]
    materialized: str
    fingerprint: str
    parents: tuple[str, ...]

    @property
    def is_incremental(self) -> bool:
        """Whether a build can make again the rows that arrivals touch, and those alone."""
        return self.materialized in INCREMENTAL

    @property
    def is_view(self) -> bool:
        """Whether it holds no rows of its own."""
        return self.materialized in VIEWS


def read_models(manifest: Path) -> list[Model]:
    """Read the manifest: every model up to the marts, each after all that it reads."""
    document = orjson.loads(manifest.read_bytes())
    nodes = {key: node for key, node in document["nodes"].items() if _is_ours(node)}
    behind = {
        key: [one for one in node["depends_on"]["nodes"] if one in nodes] for key, node in nodes.items()
    }
    models: dict[str, Model] = {}
    for key in TopologicalSorter(behind).static_order():
        parents = [models[one] for one in behind[key]]
        models[key] = _model(nodes[key], parents, document)
    return list(models.values())


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
    return bool(node["resource_type"] == "model" and node["fqn"][1] != API)


def _model(node: Mapping[str, Any], parents: list[Model], document: Mapping[str, Any]) -> Model:
    macros = {key: document["macros"][key]["macro_sql"] for key in _macros(node, document)}
    sources = [key for key in node["depends_on"]["nodes"] if key in document["sources"]]
    logic = {
        "sql": node["raw_code"],
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

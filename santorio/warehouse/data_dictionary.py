"""The data dictionary: every mart and view, its grain, columns, units and tests, written from dbt's own manifest.

`python -m santorio.warehouse.data_dictionary` writes `docs/data-dictionary.md` and the figure in `docs/warehouse.md`;
tests fail when they are out of date.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from santorio.warehouse.dbt import PROJECT, ensure_manifest
from santorio.warehouse.lineage import write_lineage

DICTIONARY = PROJECT.parent / "docs" / "data-dictionary.md"
LAYERS = {"marts": "Marts", "api": "What the API reads"}
HEAD = """# Data dictionary

Every table that models and the API read. It is written from the dbt project (`make dictionary`), and a test holds it
to be current; how the tables come to be is in [the warehouse](warehouse.md).

A name says the unit of its column. A `day` is the person's local calendar day, an instant (`…_at`) is UTC but for
`local_at`, which is what the clock on the wall showed; null means not measured.
"""
# The unit by the suffix of a column's name; the longest suffix wins.
UNITS = {
    "_kg_m2": "kg/m²", "_bpm": "beats/min", "_brpm": "breaths/min", "_mps": "m/s", "_mmhg": "mmHg", "_kcal": "kcal",
    "_minutes": "min", "_years": "years", "_pct": "%", "_days": "days", "_kg": "kg", "_km": "km", "_mg": "mg",
    "_ml": "ml", "_ms": "ms", "_kph": "km/h", "_spm": "steps/min", "_at": "instant, UTC", "_cm": "cm", "_c": "°C",
    "_g": "g", "_m": "m", "_s": "s", "_w": "W", "_day": "local day",
    "_w_per_bpm": "W per beat/min", "_seconds": "s", "_kj": "kJ", "_j": "J",
}  # fmt: skip
# The unit by the column's whole name.
UNITS_BY_NAME = {"day": "local day", "as_of": "instant, UTC", "local_at": "clock on the wall", "seconds": "s"}
# Units that no suffix states stand in the description.
UNIT_IN_DESCRIPTION = re.compile(r"\((count|0-100)\b")

type Node = Mapping[str, Any]


def unit(column: str, description: str = "", kind: str | None = None) -> str:
    """Unit of a column, from its name or else its description; empty where it has none, as text has.

    Examples
    --------
    >>> unit("resting_hr_bpm"), unit("steps", "Steps (count)."), unit("sport")
    ('beats/min', 'count', '')
    """
    if kind == "text":
        return ""
    if column in UNITS_BY_NAME:
        return UNITS_BY_NAME[column]
    for suffix in sorted(UNITS, key=len, reverse=True):
        if column.endswith(suffix):
            return UNITS[suffix]
    if stated := UNIT_IN_DESCRIPTION.search(description):
        return stated[1]
    return ""


def dictionary(manifest: Mapping[str, Any]) -> str:
    """Write the dictionary from a manifest."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    tests: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tests.setdefault(node["attached_node"], []).append(_test(node))
    lines = [HEAD]
    for layer, title in LAYERS.items():
        in_layer = [node for node in models if node["schema"] == layer]
        in_layer.sort(key=lambda node: str(node["alias"]))
        links = ", ".join(f"[{node['alias']}](#{layer}{node['alias']})" for node in in_layer)
        lines += [f"## {title}", "", f"{links}.", ""]
        for node in in_layer:
            lines += _table(node, _types(node, models), sorted(tests.get(node["unique_id"], [])))
    return "\n".join(lines).rstrip() + "\n"


def _types(node: Node, models: Sequence[Node]) -> dict[str, str]:
    """Types by column: the model's own, else those of the marts that it reads."""
    types = {name: column["data_type"] for name, column in node["columns"].items() if column["data_type"]}
    for parent in models:
        if parent["unique_id"] in node["depends_on"]["nodes"]:
            for name, column in parent["columns"].items():
                types.setdefault(name, column["data_type"])
    return types


def _table(node: Node, types: Mapping[str, str | None], tests: Sequence[str]) -> Iterator[str]:
    yield f"### {node['schema']}.{node['alias']}"
    yield ""
    yield node["description"]
    yield ""
    key: list[str] = []
    for constraint in node["constraints"]:
        if constraint["type"] == "primary_key":
            key += constraint["columns"]
    if key:
        yield f"Key: {', '.join(f'`{name}`' for name in key)}."
        yield ""
    yield "| column | type | unit | meaning |"
    yield "|---|---|---|---|"
    for name, column in node["columns"].items():
        data_type = types.get(name) or ""
        constraints = {constraint["type"] for constraint in column["constraints"]}
        is_nullable = name not in key and "not_null" not in constraints
        shown_type = f"{data_type}, or null" if data_type and is_nullable else data_type
        measured_in = unit(name, column["description"], data_type)
        yield f"| `{name}` | {shown_type} | {measured_in} | {_cell(column['description'])} |"
    yield ""
    if tests:
        yield "Tests:"
        yield ""
        yield from (f"- {test}" for test in tests)
        yield ""


def _test(node: Node) -> str:
    """Describe what a test asserts, and whether its failure stops a build."""
    words = _assertion(node["test_metadata"])
    if node["config"]["severity"].lower() == "warn":
        return f"{words} (a warning)"
    return words


def _assertion(test: Mapping[str, Any]) -> str:
    arguments = test["kwargs"].get("arguments") or test["kwargs"]
    match test["name"]:
        case "unique_combination_of_columns":
            return f"unique and filled: {', '.join(arguments['combination_of_columns'])}"
        case "relationships":
            return f"`{arguments['column_name']}` is one of {_referenced(arguments['to'])}"
        case "expression_is_true":
            return f"always `{_one_line(arguments['expression'])}`"
        case "accepted_ranges":
            ranges = [f"{column} {low} to {high}" for column, (low, high) in arguments["ranges"].items()]
            return "within: " + ", ".join(ranges)
        case name:
            return str(name)


def _referenced(to: str) -> str:
    """Name of the model in an expression such as `ref('days')`."""
    if found := re.search(r"ref\('([^']+)'\)", to):
        return f"`{found[1]}`"
    return to


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def write_dictionary(path: Path = DICTIONARY) -> None:
    """Write the dictionary of the project as it is."""
    path.write_text(dictionary(read_manifest()), encoding="utf-8")


def read_manifest() -> dict[str, Any]:
    """Read dbt's manifest of the project as it is."""
    manifest: dict[str, Any] = json.loads(ensure_manifest().read_text(encoding="utf-8"))
    return manifest


if __name__ == "__main__":
    write_dictionary()
    write_lineage(read_manifest())

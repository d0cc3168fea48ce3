"""The data dictionary: every mart and view, its grain, columns, units and tests, written from dbt's own manifest.

`python -m santorio.warehouse.data_dictionary` writes `docs/data-dictionary.md`, and the picture in `docs/warehouse.md`;
tests say when they are out of date.
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
# A suffix of a column's name says its unit; the longer one wins.
UNITS = {
    "_kg_m2": "kg/m²", "_bpm": "beats/min", "_brpm": "breaths/min", "_mps": "m/s", "_mmhg": "mmHg", "_kcal": "kcal",
    "_minutes": "min", "_years": "years", "_pct": "%", "_days": "days", "_kg": "kg", "_km": "km", "_mg": "mg",
    "_ml": "ml", "_ms": "ms", "_kph": "km/h", "_spm": "steps/min", "_at": "instant, UTC", "_cm": "cm", "_c": "°C",
    "_g": "g", "_m": "m", "_s": "s", "_w": "W", "_day": "local day",
    "_w_per_bpm": "W per beat/min", "_seconds": "s", "_kj": "kJ", "_j": "J",
}  # fmt: skip
WHOLE = {"day": "local day", "as_of": "instant, UTC", "local_at": "clock on the wall", "seconds": "s"}
# What no suffix says stands at the end of the description.
TOLD = re.compile(r"\((count|0-100)\b")

type Node = Mapping[str, Any]


def unit(column: str, description: str = "", kind: str | None = None) -> str:
    """Unit of a column, by its name, else as its description says; empty where it has none, as words have.

    Examples
    --------
    >>> unit("resting_hr_bpm"), unit("steps", "Steps (count)."), unit("sport")
    ('beats/min', 'count', '')
    """
    if kind == "text":
        return ""
    if column in WHOLE:
        return WHOLE[column]
    suffix = next((end for end in sorted(UNITS, key=len, reverse=True) if column.endswith(end)), None)
    told = TOLD.search(description)
    return UNITS[suffix] if suffix else told[1] if told else ""


def dictionary(manifest: Mapping[str, Any]) -> str:
    """Write the dictionary from a manifest."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    tests: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tests.setdefault(node["attached_node"], []).append(_test(node))
    lines = [HEAD]
    for layer, title in LAYERS.items():
        there = sorted(
            (node for node in models if node["schema"] == layer), key=lambda node: str(node["alias"])
        )
        links = ", ".join(f"[{node['alias']}](#{layer}{node['alias']})" for node in there)
        lines += [f"## {title}", "", f"{links}.", ""]
        for node in there:
            lines += _table(node, _types(node, models), sorted(tests.get(node["unique_id"], [])))
    return "\n".join(lines).rstrip() + "\n"


def _types(node: Node, models: Sequence[Node]) -> dict[str, str]:
    """Types by column: the model's own, else those of the marts that it reads."""
    types = {name: column["data_type"] for name, column in node["columns"].items() if column["data_type"]}
    for read in models:
        if read["unique_id"] in node["depends_on"]["nodes"]:
            types = {name: column["data_type"] for name, column in read["columns"].items()} | types
    return types


def _table(node: Node, types: Mapping[str, str | None], tests: Sequence[str]) -> Iterator[str]:
    yield f"### {node['schema']}.{node['alias']}"
    yield ""
    yield node["description"]
    yield ""
    key = [name for one in node["constraints"] if one["type"] == "primary_key" for name in one["columns"]]
    if key:
        yield f"Key: {', '.join(f'`{name}`' for name in key)}."
        yield ""
    yield "| column | type | unit | meaning |"
    yield "|---|---|---|---|"
    for name, column in node["columns"].items():
        filled = name in key or any(one["type"] == "not_null" for one in column["constraints"])
        measured = unit(name, column["description"], types.get(name))
        kind = f"{types.get(name) or ''}{'' if filled or not types.get(name) else ', or null'}"
        yield f"| `{name}` | {kind} | {measured} | {_cell(column['description'])} |"
    yield ""
    if tests:
        yield "Tests:"
        yield ""
        yield from (f"- {test}" for test in tests)
        yield ""


def _test(node: Node) -> str:
    """Say what a test holds, and whether it stops a build."""
    about = node["test_metadata"]
    arguments = about["kwargs"].get("arguments") or about["kwargs"]
    words = {
        "unique_combination_of_columns": lambda: (
            f"unique and filled: {', '.join(arguments['combination_of_columns'])}"
        ),
        "relationships": lambda: f"`{arguments['column_name']}` is one of {_referred(arguments['to'])}",
        "expression_is_true": lambda: f"always `{_one_line(arguments['expression'])}`",
        "accepted_ranges": lambda: "within: " + ", ".join(
            f"{column} {low} to {high}" for column, (low, high) in arguments["ranges"].items()
        ),
    }.get(about["name"], lambda: str(about["name"]))()  # fmt: skip
    return f"{words} (a warning)" if node["config"]["severity"].lower() == "warn" else words


def _referred(to: str) -> str:
    return f"`{found[1]}`" if (found := re.search(r"ref\('([^']+)'\)", to)) else to


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

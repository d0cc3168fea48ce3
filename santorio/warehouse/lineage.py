"""The figure of the warehouse's lineage, drawn from dbt's manifest: what each mart is made from.

It stands in `docs/warehouse.md` between two marks, as a Mermaid diagram; `make dictionary` draws it again.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from santorio.warehouse.dbt import PROJECT

PAGE = PROJECT.parent / "docs" / "warehouse.md"
BEGIN, END = "<!-- lineage: written by `make dictionary` -->", "<!-- end of lineage -->"
# Where a model's rows come from: by the folder of its staging model, or by its source.
ORIGINS = {
    "garmin": "Garmin's payloads",
    "fit": "FIT, TCX, GPX files",
    "inbox": "Logs",
    "trials": "Trials",
    "training": "Records of activities",
    "ops": "Ledger, people, policies",
}

# Marts by subject, a box each: with an arrow to every table nobody would see anything.
SUBJECTS = {
    "Days and nights": ("days", "nights", "wellness_days", "fitness_days", "naps"),
    "Within the day": ("samples", "retained_samples_5min", "retained_samples_hourly", "samples_5min", "samples_hourly"),
    "Body, food, habits": (
        "body_days", "weigh_ins", "blood_pressures", "nutrition_days", "lifestyle_logs", "cycle_days",
    ),
    "Activities": (
        "activities", "activity_recordings", "activity_laps", "activity_sets", "activity_weathers", "workouts",
    ),
    "Training": (
        "training_days", "activity_loads", "activity_zones", "best_efforts", "power_models", "thresholds",
        "training_zones",
    ),
    "What acts, what comes of it": ("exposures", "outcomes", "trials", "trial_days", "trial_statuses"),
    "Trust": ("coverage", "day_quality"),
}  # fmt: skip

type Node = Mapping[str, Any]


def lineage(manifest: Mapping[str, Any]) -> str:
    """Draw what the marts of each subject are made from, and which of them the API shows.

    Raises
    ------
    KeyError
        If a mart belongs to no subject.
    """
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    marts = {key: node for key, node in models.items() if node["fqn"][1] == "marts"}
    boxes = _boxes()
    edges = set()
    for node in marts.values():
        for kind, name in _inputs(node, models, manifest["sources"]):
            tail = boxes[name] if kind == "mart" else f"from_{name}"
            edges.add((tail, boxes[node["name"]]))
    published: set[str] = set()
    for node in models.values():
        if node["fqn"][1] == "api":
            published.update(marts[key]["name"] for key in node["depends_on"]["nodes"] if key in marts)
    names = {node["name"] for node in marts.values()}
    return "\n".join(_flowchart(names, edges, published, boxes))


def _boxes() -> dict[str, str]:
    """Box of each mart: that of its subject."""
    boxes = {}
    for number, names in enumerate(SUBJECTS.values()):
        boxes.update(dict.fromkeys(names, f"subject_{number}"))
    return boxes


def _inputs(
    node: Node, models: Mapping[str, Node], sources: Mapping[str, Node]
) -> set[tuple[Literal["mart", "origin"], str]]:
    """Find the nearest marts and origins that a model reads: the figure shows nothing of what lies between."""
    found: set[tuple[Literal["mart", "origin"], str]] = set()
    for key in node["depends_on"]["nodes"]:
        if key.startswith("seed."):
            continue
        if key in sources:
            found.add(("origin", _origin(sources[key]["source_name"])))
            continue
        model = models[key]
        layer = model["fqn"][1]
        if layer == "marts":
            found.add(("mart", model["name"]))
        elif layer == "staging":
            found.add(("origin", _origin(_folder_of_staging(model))))
        else:
            found |= _inputs(model, models, sources)
    return found


def _folder_of_staging(model: Node) -> str:
    """Folder of a staging model; of a base model (`base_garmin__payloads`), the source that it is named after."""
    folder = str(model["fqn"][2])
    if folder != "base":
        return folder
    source, _, _ = model["name"].removeprefix("base_").partition("__")
    return str(source)


def _origin(name: str) -> str:
    return {"logs": "inbox", "events": "garmin", "raw": "garmin", "analysis": "ops"}.get(name, name)


def _flowchart(
    marts: set[str], edges: set[tuple[str, str]], published: set[str], boxes: Mapping[str, str]
) -> Iterator[str]:
    """Yield the diagram, line by line."""
    tails = {tail for tail, _ in edges}
    yield "```mermaid"
    yield "flowchart LR"
    yield "  subgraph log [raw, staging, intermediate]"
    for origin, words in ORIGINS.items():
        if f"from_{origin}" in tails:
            yield f'    from_{origin}["{words}"]'
    yield "  end"
    yield "  subgraph marts"
    for number, (subject, names) in enumerate(SUBJECTS.items()):
        tables = "<br/>".join(name for name in names if name in marts)
        yield f'    subject_{number}["<b>{subject}</b><br/>{tables}"]'
    yield "  end"
    yield '  api["<b>serving, api</b><br/>' + "<br/>".join(sorted(published)) + '"]'
    for tail, head in sorted(edges):
        if tail != head:
            yield f"  {tail} --> {head}"
    for box in sorted({boxes[mart] for mart in published}):
        yield f"  {box} --> api"
    yield "```"


def write_lineage(manifest: Mapping[str, Any], page: Path = PAGE) -> None:
    """Write the figure between its marks."""
    page.write_text(with_lineage(page.read_text(encoding="utf-8"), manifest), encoding="utf-8")


def with_lineage(text: str, manifest: Mapping[str, Any]) -> str:
    """Return a page's text with the figure between its marks."""
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    return pattern.sub(lambda marks: f"{marks[1]}\n{lineage(manifest)}\n\n{marks[2]}", text)

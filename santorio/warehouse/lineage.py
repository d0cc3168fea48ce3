"""The picture of the warehouse's lineage, drawn from dbt's manifest: what each mart is made from.

It stands in `docs/warehouse.md` between two marks, as a Mermaid diagram; `make dictionary` draws it again.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from santorio.warehouse.dbt import PROJECT

PAGE = PROJECT.parent / "docs" / "warehouse.md"
BEGIN, END = "<!-- lineage: written by `make dictionary` -->", "<!-- end of lineage -->"
# Where a model's rows come from, by the folder or the source of what stands at the beginning.
ORIGINS = {
    "garmin": "Garmin's payloads",
    "fit": "FIT, TCX, GPX files",
    "inbox": "Logs",
    "trials": "Trials",
    "training": "Records of activities",
    "ops": "Ledger, people, policies",
}

# Marts by subject: a box each, for an arrow to every table would show nothing.
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
    place = {mart: f"subject_{number}" for number, names in enumerate(SUBJECTS.values()) for mart in names}
    edges = set()
    for node in marts.values():
        for behind in _behind(node, models, manifest["sources"]):
            kind, name = behind.split(":")
            edges.add((f"from_{name}" if kind == "origin" else place[name], place[node["name"]]))
    read = {
        models[key]["name"]
        for node in models.values()
        if node["fqn"][1] == "api"
        for key in node["depends_on"]["nodes"]
        if key in marts
    }
    return "\n".join(_drawn({node["name"] for node in marts.values()}, edges, read, place))


def _behind(node: Node, models: Mapping[str, Node], sources: Mapping[str, Node]) -> set[str]:
    """Find the nearest marts and origins behind a model: what lies between is left out of the picture."""
    found: set[str] = set()
    for key in node["depends_on"]["nodes"]:
        if key.startswith("seed."):
            continue
        if key in sources:
            found.add(f"origin:{_origin(sources[key]['source_name'])}")
        elif (layer := models[key]["fqn"][1]) == "marts":
            found.add(f"mart:{models[key]['name']}")
        elif layer == "staging" and (origin := models[key]["fqn"][2]) != "base":
            found.add(f"origin:{_origin(origin)}")
        elif layer == "staging":
            found.add(f"origin:{_origin(models[key]['name'].removeprefix('base_').split('__')[0])}")
        else:
            found |= _behind(models[key], models, sources)
    return found


def _origin(name: str) -> str:
    return {"logs": "inbox", "events": "garmin", "raw": "garmin", "analysis": "ops"}.get(name, name)


def _drawn(
    marts: set[str], edges: set[tuple[str, str]], read: set[str], place: Mapping[str, str]
) -> Iterator[str]:
    yield "```mermaid"
    yield "flowchart LR"
    yield "  subgraph log [raw, staging, intermediate]"
    for origin, words in ORIGINS.items():
        if any(tail == f"from_{origin}" for tail, _ in edges):
            yield f'    from_{origin}["{words}"]'
    yield "  end"
    yield "  subgraph marts"
    for number, (subject, names) in enumerate(SUBJECTS.items()):
        tables = "<br/>".join(name for name in names if name in marts)
        yield f'    subject_{number}["<b>{subject}</b><br/>{tables}"]'
    yield "  end"
    yield '  api["<b>published, api</b><br/>' + "<br/>".join(sorted(read)) + '"]'
    yield from (f"  {tail} --> {head}" for tail, head in sorted(edges) if tail != head)
    yield from (f"  {subject} --> api" for subject in sorted({place[mart] for mart in read}))
    yield "```"


def write_lineage(manifest: Mapping[str, Any], page: Path = PAGE) -> None:
    """Put the picture between its marks."""
    page.write_text(with_lineage(page.read_text(encoding="utf-8"), manifest), encoding="utf-8")


def with_lineage(text: str, manifest: Mapping[str, Any]) -> str:
    """Put the picture between its marks in a page's text."""
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    return pattern.sub(lambda marks: f"{marks[1]}\n{lineage(manifest)}\n\n{marks[2]}", text)

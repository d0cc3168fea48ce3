"""Writes a planned study: a study file, an empty table to fill in, and the plan. Nothing is overwritten."""

import csv
import datetime as dt
import io
import json
from pathlib import Path

from santorio.errors import NotWritable, output_errors
from santorio.studies.design import Plan

STUDY, TABLE, PLAN = "study.yaml", "data.csv", "plan.json"


def write_plan(
    plan: Plan, folder: Path, *, title: str, outcome: str, unit: str, start: dt.date | None
) -> list[Path]:
    """Write a planned study to a folder, which is created if it does not exist.

    Raises
    ------
    NotWritable
        If one of the files exists already, or may not be written.
    """
    files = {
        STUDY: _study(plan, title, outcome, unit),
        TABLE: _table(plan, outcome, start),
        PLAN: json.dumps(plan.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n",
    }
    # All names are checked before the first file is written, so that a refusal leaves nothing behind.
    existing = [name for name in files if (folder / name).exists()]
    if existing:
        raise NotWritable(
            f"{folder / existing[0]} exists already.", hint="Name another folder: nothing is overwritten."
        )
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def _study(plan: Plan, title: str, outcome: str, unit: str) -> str:
    import yaml

    design: dict[str, object] = {"scheme": plan.law}
    if plan.law == "periods":
        design["period"] = plan.period
    else:
        design["block"] = plan.block
    described: dict[str, object] = {"column": outcome, "smallest_effect": plan.smallest_effect}
    if unit:
        described["unit"] = unit
    document: dict[str, object] = {
        "title": title,
        "data": TABLE,
        "columns": {"day": "day", "arm": "arm"},
        "arms": {arm: arm for arm in plan.arms},
        "outcomes": [described],
        "design": design,
    }
    if plan.half_life is not None:
        document["half_life"] = plan.half_life
    document["report"] = {
        "decided_before": f"Arms, outcome, smallest effect, {plan.days} days, and the schedule, drawn with the seed "
        f"{plan.seed}."
    }
    remark = "# State direction: higher or lower under outcomes, if one is welcome.\n"
    return remark + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _table(plan: Plan, outcome: str, start: dt.date | None) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["day", "arm", outcome])
    for number, arm in enumerate(plan.schedule):
        # Without a first day, rows count days from 1.
        day: dt.date | int = number + 1
        if start is not None:
            day = start + dt.timedelta(days=number)
        writer.writerow([day, arm, ""])
    return text.getvalue()

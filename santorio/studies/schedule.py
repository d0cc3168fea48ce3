"""The schedule of a study as a file of its own: JSON or CSV, by date or by the number of the day."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from santorio.arrays import FloatArray
from santorio.csv_table import Table, read_table
from santorio.errors import DataError
from santorio.studies.spec import ScheduleFile
from santorio.studies.timestamps import parse_timestamps

FORMS = (
    'A schedule is a CSV file with a column of days and one of arms, a JSON object such as {"1": "A"} or '
    '{"2026-01-31": "A"}, or a JSON list of arms.'
)


@dataclass(frozen=True)
class Assigned:
    """The arm of each day: days as dates (since 1970-01-01) or numbers, increasing, and arms as text."""

    day: FloatArray
    arm: list[str]
    dated: bool


def read_schedule(path: Path, stated: ScheduleFile, date_format: str | None = None) -> Assigned:
    """Read a schedule.

    Raises
    ------
    DataError
        If it does not exist or is not a schedule.
    """
    table = _from_json(path) if path.suffix.lower() == ".json" else read_table(path)
    # A table from JSON has these two columns.
    if len(table.header) > 2 and not (stated.day and stated.arm):
        raise DataError(
            f"{path.name} has {len(table.header)} columns.",
            hint="State which hold the day and the arm: schedule: {file: …, day: …, arm: …}.",
        )
    day, arm = stated.day or table.header[0], stated.arm or table.header[1]
    moments = parse_timestamps(table, day, date_format=date_format)
    days = np.floor(moments.at)
    if not np.isfinite(days).all():
        raise DataError(f"{path.name} has rows without a day.", hint=FORMS)
    order = np.argsort(days, kind="stable")
    if (np.diff(days[order]) == 0).any():
        raise DataError(f"{path.name} has a day twice.", hint="Keep one row a day.")
    labels = table.column(arm)
    return Assigned(days[order], [labels[at] for at in order], moments.dated)


def _from_json(path: Path) -> Table:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"There is no schedule file {path}.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} is not JSON.", hint=FORMS) from error
    # A plan of `santorio study plan` has its schedule under this key.
    if isinstance(document, Mapping) and isinstance(document.get("schedule"), list | dict):
        document = document["schedule"]
    assignments = _assignments(document)
    if assignments is None:
        raise DataError(f"{path.name} is not a valid schedule.", hint=FORMS)
    if not assignments:
        raise DataError(f"{path.name} is empty.", hint=FORMS)
    rows = [[str(day), _arm_text(arm)] for day, arm in assignments]
    return Table(path.name, ("day", "arm"), rows, list(range(1, len(rows) + 1)))


def _assignments(document: object) -> list[tuple[object, object]] | None:
    """Day and arm of each entry, in any of the forms that a schedule has; None for anything else."""
    if isinstance(document, Mapping):
        return list(document.items())
    if not isinstance(document, list):
        return None
    if not any(isinstance(entry, list | dict) for entry in document):
        return list(enumerate(document, 1))
    assignments = []
    for entry in document:
        if not (isinstance(entry, Mapping) and {"day", "arm"} <= entry.keys()):
            return None
        assignments.append((entry["day"], entry["arm"]))
    return assignments


def _arm_text(arm: object) -> str:
    """Arm as text; empty for a day without one."""
    return "" if arm is None else str(arm).strip()

"""Studies written to a folder: a CSV file of columns and a study file that describes it."""

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from santorio.studies.analysis import analyse_study
from santorio.studies.result import Comparison, StudyAnswer


def write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def write_study(folder: Path, data: Mapping[str, Sequence[Any]] | None = None, /, **stated: Any) -> Path:
    """Write a study; what is not stated is a continuous outcome by day and arm."""
    if data is not None:
        write_csv(folder / "data.csv", data)
    document = {
        "title": "A study",
        "data": "data.csv",
        "columns": {"day": "day", "arm": "arm"},
        "outcomes": [{"column": "outcome"}],
        "design": {"scheme": "days"},
        **stated,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def answer(path: Path) -> StudyAnswer:
    return analyse_study(path).answer


def only(answered: StudyAnswer) -> Comparison:
    """The one comparison of the first outcome."""
    (comparison,) = answered.outcomes[0].comparisons
    return comparison


def codes(answered: StudyAnswer) -> set[str]:
    return {warning.code for warning in answered.warnings}


def days(count: int, first: str = "2026-01-05") -> list[str]:
    start = dt.date.fromisoformat(first)
    return [str(start + dt.timedelta(days=number)) for number in range(count)]


def ar1(rng: np.random.Generator, count: int, rho: float) -> Any:
    """Stationary AR(1) of unit variance."""
    noise = rng.normal(size=count)
    noise[1:] *= np.sqrt(1 - rho**2)
    for t in range(1, count):
        noise[t] += rho * noise[t - 1]
    return noise

"""What the values of an arm column mean: the arms of a study, by name, the reference first."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from santorio.errors import DataError, NotEnoughData
from santorio.studies.spec import Study

MAX_ARMS = 12
_PHASE = re.compile(r"^([^\W\d]+)[ _-]?(\d+)$")
_REFERENCES = (
    "0",
    "a",
    "control",
    "placebo",
    "baseline",
    "off",
    "none",
    "no",
    "false",
    "reference",
    "usual",
    "without",
    "sham",
)


@dataclass(frozen=True)
class Arms:
    """The arms of a study.

    Attributes
    ----------
    names : tuple[str, ...]
        What a reader calls them; the first is the reference.
    of : dict[str, int]
        Arm of each value that the files hold.
    dosed : bool
        Whether rows have doses; then there are two arms, the reference dose and more.
    """

    names: tuple[str, ...]
    of: dict[str, int]
    dosed: bool = False


def name_arms(study: Study, values: Sequence[str], add: Callable[[str, str], None]) -> Arms:
    """Find the arms.

    Parameters
    ----------
    values : Sequence[str]
        Values of all rows, and of the schedule; empty where unknown.
    add : Callable
        Takes the code and text of what a reader must know.

    Raises
    ------
    DataError
        If there are too many, or the reference is none of them.
    NotEnoughData
        If there are fewer than two.
    """
    found = Counter(value for value in values if value)
    if not found:
        raise NotEnoughData(
            "No row says which arm it belongs to.", hint="Check the arm column, or the schedule."
        )
    if study.columns.dose is not None:
        return _doses(study, found)
    meaning = _meaning(study, list(found), add)
    names = list(dict.fromkeys(meaning.values()))
    unnamed = [name for name in study.arms.values() if name not in names]
    if unnamed:
        raise NotEnoughData(
            f"The arm “{unnamed[0]}” was never taken: no row has it.",
            hint="Check the values under arms: against the data, or leave it out.",
        )
    if len(names) < 2:
        raise NotEnoughData(
            f"Every row has the same arm, “{names[0]}”.", hint="A comparison needs rows of at least two arms."
        )
    if len(names) > MAX_ARMS:
        raise DataError(
            f"The arm column holds {len(names)} different values.",
            hint="Is it the right column? Amounts belong under dose; several values can share a name under arms.",
        )
    reference = _reference(study, meaning, names, add)
    ordered = [reference, *(name for name in names if name != reference)]
    return Arms(tuple(ordered), {value: ordered.index(name) for value, name in meaning.items()})


def _meaning(study: Study, found: list[str], add: Callable[[str, str], None]) -> dict[str, str]:
    if study.arms:
        named = {value.lower(): name for value, name in study.arms.items()}
        # A value may be written as text or number, and a name may stand for itself.
        named |= {name.lower(): name for name in study.arms.values() if name.lower() not in named}
        missing = [value for value in found if _plain(value) not in named]
        if missing:
            raise DataError(
                f"The data has the arm “{missing[0]}”, which is not under arms:.",
                hint=f"Named are {', '.join(study.arms)}; add it, or name it under missing:.",
            )
        return {value: named[_plain(value)] for value in found}
    stems = {value: match.group(1) if (match := _PHASE.match(value)) else value for value in found}
    numbered = sum(stems[value] != value for value in found)
    # “baseline, treatment, baseline 2” are phases only where the study says so.
    phases = numbered == len(found) or (numbered > 0 and study.design.scheme == "phases")
    if phases and len(found) > len(set(stems.values())) >= 2:
        told = f"Phases such as {found[0]} and {found[-1]} were read as arms"
        add("phase_names", f"{told} {', '.join(sorted(set(stems.values())))}.")
        return stems
    return {value: value for value in sorted(found)}


def _plain(value: str) -> str:
    """Write 1.0 as 1, as a spreadsheet may have turned one into the other."""
    return value.lower().removesuffix(".0")


def _reference(
    study: Study, meaning: dict[str, str], names: list[str], add: Callable[[str, str], None]
) -> str:
    if study.reference is not None:
        wanted = study.reference.lower()
        for name in names:
            values = [value for value, meant in meaning.items() if meant == name]
            if wanted == name.lower() or wanted in {_plain(value) for value in values}:
                return name
        raise DataError(
            f"The reference “{study.reference}” is not an arm of the data.",
            hint=f"The arms are {', '.join(names)}.",
        )
    if study.arms:
        return next(iter(study.arms.values()))
    likely = [name for name in names if _plain(name) in _REFERENCES]
    chosen = likely[0] if likely else names[0]
    add("reference_assumed", f"No reference was stated: the others are compared with “{chosen}”.")
    return chosen


def _doses(study: Study, found: Counter[str]) -> Arms:
    doses = sorted({float(value) for value in found})
    if len(doses) < 2:
        raise NotEnoughData(
            "Every row has the same dose.", hint="A comparison needs rows of at least two doses."
        )
    unit = f" {study.dose_unit}" if study.dose_unit else ""
    names = (f"{doses[0]:g}{unit}", f"more than {doses[0]:g}{unit}")
    return Arms(names, {value: int(float(value) > doses[0]) for value in found}, dosed=True)

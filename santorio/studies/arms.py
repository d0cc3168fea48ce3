"""The arms of a study, by name, the reference first: what the values of an arm column stand for."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from santorio.errors import DataError, NotEnoughData
from santorio.studies.spec import Study

MAX_ARMS = 12
# A word and a number, such as A1, “baseline 2” or phase-3.
_PHASE = re.compile(r"^([^\W\d]+)[ _-]?(\d+)$")
# Usual names of a reference, for files that do not state theirs.
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


def name_arms(study: Study, values: Sequence[str], warn: Callable[[str, str], None]) -> Arms:
    """Find the arms.

    Parameters
    ----------
    values : Sequence[str]
        Values of all rows, and of the schedule; empty where unknown.
    warn : Callable
        Takes the code and the text of a warning.

    Raises
    ------
    DataError
        If there are too many, or the reference is none of them.
    NotEnoughData
        If there are fewer than two.
    """
    distinct = [value for value in dict.fromkeys(values) if value]
    if not distinct:
        raise NotEnoughData("No row states its arm.", hint="Check the arm column, or the schedule.")
    if study.columns.dose is not None:
        return _doses(study, distinct)
    name_of = _names_of_values(study, distinct, warn)
    names = list(dict.fromkeys(name_of.values()))
    absent = [name for name in study.arms.values() if name not in names]
    if absent:
        raise NotEnoughData(
            f"The arm “{absent[0]}” was never taken: no row has it.",
            hint="Check the values under arms: against the data, or remove it there.",
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
    reference = _reference(study, name_of, names, warn)
    names.remove(reference)
    names.insert(0, reference)
    return Arms(tuple(names), {value: names.index(name) for value, name in name_of.items()})


def _names_of_values(
    study: Study, distinct: Sequence[str], warn: Callable[[str, str], None]
) -> dict[str, str]:
    """Name of the arm that each value stands for: as the study states it, else the value or its phase."""
    if study.arms:
        return _stated_names(study.arms, distinct)
    stems = {value: _phase_stem(value) for value in distinct}
    stem_names = sorted(set(stems.values()))
    numbered = sum(stem != value for value, stem in stems.items())
    # “baseline, treatment, baseline 2” are phases only where the study says so.
    phases = numbered == len(distinct) or (numbered > 0 and study.design.scheme == "phases")
    if phases and len(distinct) > len(stem_names) >= 2:
        warn(
            "phase_names",
            f"Phases such as {distinct[0]} and {distinct[-1]} were read as arms {', '.join(stem_names)}.",
        )
        return stems
    return {value: value for value in sorted(distinct)}


def _stated_names(arms: Mapping[str, str], distinct: Sequence[str]) -> dict[str, str]:
    """Name of each value by `arms:` of the study file."""
    by_value = {value.lower(): name for value, name in arms.items()}
    by_name = {name.lower(): name for name in arms.values()}
    # A name may stand for itself, unless it is the value of another arm.
    name_of = by_name | by_value
    unknown = [value for value in distinct if _plain(value) not in name_of]
    if unknown:
        raise DataError(
            f"The data has the arm “{unknown[0]}”, which is not under arms:.",
            hint=f"Named are {', '.join(arms)}; add it, or name it under missing:.",
        )
    return {value: name_of[_plain(value)] for value in distinct}


def _phase_stem(value: str) -> str:
    """The name of a phase without its number; any other value as it is."""
    match = _PHASE.match(value)
    return match.group(1) if match else value


def _plain(value: str) -> str:
    """Write 1.0 as 1, as a spreadsheet may have turned one into the other."""
    return value.lower().removesuffix(".0")


def _reference(
    study: Study, name_of: Mapping[str, str], names: Sequence[str], warn: Callable[[str, str], None]
) -> str:
    """Name of the reference: as stated, else the first under `arms:`, else a usual name, else the first value."""
    if study.reference is not None:
        wanted = study.reference.lower()
        # Arm by arm: a value of a later arm does not go before the name or a value of an earlier one.
        for name in names:
            values = {_plain(value) for value, arm in name_of.items() if arm == name}
            if wanted == name.lower() or wanted in values:
                return name
        raise DataError(
            f"The reference “{study.reference}” is not an arm of the data.",
            hint=f"The arms are {', '.join(names)}.",
        )
    if study.arms:
        return next(iter(study.arms.values()))
    usual = [name for name in names if _plain(name) in _REFERENCES]
    reference = usual[0] if usual else names[0]
    warn("reference_assumed", f"No reference was stated: the others are compared with “{reference}”.")
    return reference


def _doses(study: Study, distinct: Sequence[str]) -> Arms:
    doses = sorted({float(value) for value in distinct})
    if len(doses) < 2:
        raise NotEnoughData(
            "Every row has the same dose.", hint="A comparison needs rows of at least two doses."
        )
    lowest = f"{doses[0]:g} {study.dose_unit}".strip()
    arm_of = {value: int(float(value) > doses[0]) for value in distinct}
    return Arms((lowest, f"more than {lowest}"), arm_of, dosed=True)

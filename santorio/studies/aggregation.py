"""Groups readings into the rows of the analysis: a day, a stretch of one arm, or a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from santorio.arrays import FloatArray, IntArray
from santorio.errors import DataError
from santorio.studies.schedule import Assigned
from santorio.studies.spec import Study

Warn = Callable[[str, str], None]
Mask = NDArray[np.bool_]
# On some days the arm was switched late or early; if more days than these have two arms, the design is another.
MAX_MIXED_DAYS = 0.2
# Shares of days below which a schedule must belong to other data.
MIN_SCHEDULED = 0.8
MIN_AGREEING = 0.6
# ABBA has one and a half readings per stretch.
FEW_READINGS = 2
# A night between two stretches of one arm keeps them apart.
MAX_PAUSE_DAYS = 0.25


@dataclass(frozen=True)
class Rows:
    """Rows of one case, and the row of every reading.

    Attributes
    ----------
    day : IntArray
        Days since 1970-01-01, or running numbers; strictly increasing.
    label : list[str]
        Arm of every row, as the file writes it; never empty.
    row : IntArray
        Row of each reading; -1 where it enters none.
    word : str
        What a row is called.
    weekly : bool
        Whether rows are days of a week.
    """

    day: IntArray
    label: list[str]
    row: IntArray
    word: str
    weekly: bool


def rows_of(
    study: Study,
    at: FloatArray,
    label: Sequence[str],
    *,
    dated: bool,
    timed: bool,
    assigned: Assigned | None,
    warn: Warn,
) -> Rows:
    """Assign readings, which are in the order of time, to rows.

    Raises
    ------
    DataError
        If a day has two arms, or the schedule is not that of the data.
    """
    key = at
    if dated:
        # A nanosecond's rounding must not move midnight into the day before.
        key = np.floor(at - _day_start(study) + 1e-9)
    if assigned is not None:
        return _scheduled(study, key, label, assigned, dated=dated, warn=warn)
    by: str = study.analyse_by
    if by == "auto":
        by = _find_unit(study, key, label, timed=timed and dated, warn=warn)
    if by == "test":
        return _numbered(np.arange(len(at)), label, "test")
    if by == "stretch":
        return _numbered(_stretches(at, label, dated=dated), label, "stretch")
    return _by_key(key, label, dated=dated, warn=warn)


def _day_start(study: Study) -> float:
    """Start of a day by the clock, as a share of a day."""
    hours, minutes = study.day_starts.split(":")
    return (int(hours) + int(minutes) / 60) / 24


def _find_unit(study: Study, key: FloatArray, label: Sequence[str], *, timed: bool, warn: Warn) -> str:
    mixed = _mixed(key, label)
    if not mixed:
        return "day"
    days = len(np.unique(key))
    if timed and len(mixed) <= MAX_MIXED_DAYS * days:
        return "day"
    # Those schemes assign whole days, so that two arms within one are a mistake.
    if timed and study.design.scheme not in {"days", "periods", "alternating"}:
        stretches = 1 + int(_changes(label).sum())
        if len(label) <= FEW_READINGS * stretches:
            warn("tests", "Arms change within days, after a reading or two: each is a row of its own.")
            return "test"
        warn("stretches", "Arms change within days: rows are stretches of one arm without a change.")
        return "stretch"
    raise DataError(
        f"{len(mixed)} of {days} days (or numbers) have rows of two arms.",
        hint="If one is wrong, correct it; if tests of one day have arms of their own, state analyse_by: test, "
        "or analyse_by: stretch for many readings in each; if a day does not begin at midnight, state day_starts.",
    )


def _changes(label: Sequence[str]) -> Mask:
    """Whether each label but the first differs from the previous."""
    code = np.unique(np.array(label), return_inverse=True)[1]
    return np.asarray(np.diff(code) != 0)


def _mixed(key: FloatArray, label: Sequence[str]) -> set[float]:
    """Days (or numbers) with readings of two arms or more."""
    first_arm: dict[float, str] = {}
    mixed = set()
    for day, arm in zip(key.tolist(), label, strict=True):
        if arm and first_arm.setdefault(day, arm) != arm:
            mixed.add(day)
    return mixed


def _row_word(*, dated: bool) -> str:
    return "day" if dated else "test"


def _by_key(key: FloatArray, label: Sequence[str], *, dated: bool, warn: Warn) -> Rows:
    """One row per day (or number), with the arm of most of its readings."""
    keys, position = np.unique(key, return_inverse=True)
    values = sorted(set(label) - {""})
    code = _codes(label, values)
    counts = np.zeros((len(keys), max(len(values), 1)), dtype=np.int64)
    np.add.at(counts, (position[code >= 0], code[code >= 0]), 1)
    most = counts.argmax(axis=1)
    has_arm = counts.max(axis=1) > 0
    other_arm = (code >= 0) & (code != most[position])
    if other_arm.any():
        days = len(np.unique(key[other_arm]))
        warn(
            "mixed_days",
            f"{days} days have readings of two arms; the rarer arm's ({int(other_arm.sum())}) are excluded.",
        )
    if not has_arm.all():
        warn("no_arm", f"{int((~has_arm).sum())} days (or numbers) have no arm and are excluded.")
    new = np.cumsum(has_arm) - 1
    row = np.where(has_arm[position] & ~other_arm, new[position], -1)
    keys, most = keys[has_arm], most[has_arm]
    day = np.arange(len(keys))
    # Numbers with fractions order the rows, but are not days.
    if (keys == np.floor(keys)).all():
        day = keys.astype(np.int64)
    return Rows(day, [values[arm] for arm in most], row, _row_word(dated=dated), weekly=dated)


def _codes(label: Sequence[str], values: Sequence[str]) -> IntArray:
    """Position of each label in `values`; -1 for none."""
    code_of = {value: number for number, value in enumerate(values)}
    return np.array([code_of.get(value, -1) for value in label])


def _stretches(at: FloatArray, label: Sequence[str], *, dated: bool) -> IntArray:
    """Number the stretches of one arm; dated ones end where hours pass, and are cut into days."""
    ends = _changes(label)
    if dated:
        ends |= np.diff(at) > MAX_PAUSE_DAYS
    run = np.concatenate([[0], np.cumsum(ends)])
    if not dated:
        return run
    # A run of two and a half days becomes two parts of equal length, so that rows are about as long as each other.
    first = np.flatnonzero(np.concatenate([[True], ends]))
    last = np.append(first[1:] - 1, len(at) - 1)
    length = at[last] - at[first]
    parts = np.maximum(np.round(length), 1)
    elapsed = (at - at[first][run]) / np.maximum(length, 1e-9)[run]
    part = np.minimum(np.floor(elapsed * parts[run]), parts[run] - 1)
    begins = (np.diff(run) != 0) | (np.diff(part) != 0)
    return np.cumsum(np.concatenate([[False], begins]))


def _numbered(row: IntArray, label: Sequence[str], word: str) -> Rows:
    """Rows by their running number; readings without an arm enter none."""
    has_arm = np.array([bool(value) for value in label])
    position = np.flatnonzero(has_arm)
    kept, first, number = np.unique(row[has_arm], return_index=True, return_inverse=True)
    new = np.full(len(row), -1)
    new[has_arm] = number
    labels = [label[at] for at in position[first]]
    return Rows(np.arange(len(kept)), labels, new, word, weekly=False)


def _scheduled(
    study: Study, key: FloatArray, label: Sequence[str], assigned: Assigned, *, dated: bool, warn: Warn
) -> Rows:
    if not dated and assigned.dated:
        raise DataError(
            "The schedule has dates and the data has plain numbers.",
            hint="Map columns: day to a column of dates.",
        )
    day = assigned.day
    if dated and not assigned.dated:
        day = _dates_of(day, key, warn)
    position = np.clip(np.searchsorted(day, key), 0, len(day) - 1)
    inside = day[position] == key
    days = len(np.unique(key))
    scheduled = len(np.unique(key[inside]))
    if scheduled < MIN_SCHEDULED * days:
        raise DataError(
            f"The schedule does not match the data: only {scheduled} of {days} days with data are in it.",
            hint="Check its first day, and whether both count days or both have dates.",
        )
    if scheduled < days:
        warn("not_scheduled", f"{days - scheduled} days with data are not in the schedule and are excluded.")
    # Days that the schedule leaves without an arm, such as a pause.
    has_arm = np.array([bool(arm) for arm in assigned.arm])
    row = np.where(inside & has_arm[position], (np.cumsum(has_arm) - 1)[position], -1)
    labels = [arm for arm in assigned.arm if arm]
    _check_adherence(study, row, label, labels, warn)
    return Rows(day[has_arm].astype(np.int64), labels, row, _row_word(dated=dated), weekly=dated)


def _dates_of(number: FloatArray, key: FloatArray, warn: Warn) -> FloatArray:
    """Dates of a schedule that counts days, day 1 the first of the data."""
    keys = np.unique(key)
    if np.ptp(keys) < np.ptp(number) + 1:
        warn(
            "schedule_counts",
            "The schedule counts days: its first was taken to be the first date of the data.",
        )
        return np.asarray(number - number[0] + keys[0])
    if len(keys) == len(number):
        # A study that paused continued to count where it stopped.
        warn(
            "schedule_counts",
            "The schedule counts days, and is as long as there are dates with data: one was taken "
            "for each, as if the count had stood still between them.",
        )
        return np.asarray(keys)
    raise DataError(
        f"The schedule does not match the data: it counts {len(number)} days, and the data has {len(keys)} dates "
        f"over {int(np.ptp(keys)) + 1}.",
        hint="Map columns: day to a column that counts days too, or write dates into the schedule.",
    )


def _check_adherence(
    study: Study, row: IntArray, taken: Sequence[str], assigned: Sequence[str], warn: Warn
) -> None:
    """Compare what was taken, where the data states it, with what was assigned."""
    names = {value.lower(): name for value, name in study.arms.items()}

    def arm_name(value: str) -> str:
        # Spreadsheets write 1 as 1.0.
        plain = value.lower().removesuffix(".0")
        return names.get(plain, plain)

    agrees: dict[int, bool] = {}
    for day, arm in zip(row.tolist(), taken, strict=True):
        if day >= 0 and arm:
            agrees[day] = arm_name(arm) == arm_name(assigned[day])
    if not agrees:
        return
    agreeing = sum(agrees.values())
    share = agreeing / len(agrees)
    if share < MIN_AGREEING:
        raise DataError(
            f"The schedule does not match the data: they agree on {agreeing} of {len(agrees)} days.",
            hint="Check the schedule's first day and the names under arms:.",
        )
    warn(
        "adherence",
        f"What was taken agrees with what was assigned on {100 * share:.0f} % of {len(agrees)} days; "
        "days count as assigned.",
    )

"""Which readings make one row of the analysis: a day, a stretch of one arm, or a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from santorio.arrays import FloatArray, IntArray
from santorio.errors import DataError
from santorio.studies.schedule import Assigned
from santorio.studies.spec import Study

Add = Callable[[str, str], None]
# Readings of a day that was switched late or early; more is another design.
MAX_MIXED_DAYS = 0.2
MIN_SCHEDULED = 0.8
MIN_AGREEING = 0.6
# ABBA has one and a half readings a stretch.
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
    add: Add,
) -> Rows:
    """Sort readings, which are in the order of time, into rows.

    Raises
    ------
    DataError
        If a day has two arms, or the schedule is not that of the data.
    """
    hours, minutes = study.day_starts.split(":")
    begins = (int(hours) + int(minutes) / 60) / 24 if dated else 0.0
    # A nanosecond's rounding must not move midnight into the day before.
    key = np.floor(at - begins + 1e-9) if dated else at
    if assigned is not None:
        return _scheduled(study, key, label, assigned, dated=dated, add=add)
    by: str = study.analyse_by
    if by == "auto":
        by = _find_unit(study, key, label, timed=timed and dated, add=add)
    if by == "test":
        return _numbered(np.arange(len(at)), list(label), "test")
    if by == "stretch":
        return _numbered(_stretches(at, label, dated=dated), list(label), "stretch")
    return _by_key(key, label, dated=dated, add=add)


def _find_unit(study: Study, key: FloatArray, label: Sequence[str], *, timed: bool, add: Add) -> str:
    mixed = _mixed(key, label)
    if not mixed:
        return "day"
    days = len(np.unique(key))
    if timed and len(mixed) <= MAX_MIXED_DAYS * days:
        return "day"
    if timed and study.design.scheme not in {"days", "periods", "alternating"}:
        stretches = 1 + int((np.diff(np.unique(np.array(label), return_inverse=True)[1]) != 0).sum())
        if len(label) <= FEW_READINGS * stretches:
            add("tests", "Arms change within days, after a reading or two: each is a row of its own.")
            return "test"
        add("stretches", "Arms change within days: rows are stretches of one arm without a change.")
        return "stretch"
    raise DataError(
        f"{len(mixed)} of {days} days (or numbers) have rows of two arms.",
        hint="If one is wrong, correct it; if tests of one day have arms of their own, state analyse_by: test, "
        "or analyse_by: stretch for many readings in each; if a day does not begin at midnight, state day_starts.",
    )


def _mixed(key: FloatArray, label: Sequence[str]) -> list[float]:
    pairs = {(row_key, arm) for row_key, arm in zip(key.tolist(), label, strict=True) if arm}
    keys = [row_key for row_key, _ in pairs]
    if len(keys) == len(set(keys)):
        return []
    seen: set[float] = set()
    return [key for key in keys if key in seen or seen.add(key)]  # type: ignore[func-returns-value]


def _by_key(key: FloatArray, label: Sequence[str], *, dated: bool, add: Add) -> Rows:
    keys, position = np.unique(key, return_inverse=True)
    values = sorted(set(label) - {""})
    code = _codes(label, values)
    counts = np.zeros((len(keys), max(len(values), 1)), dtype=np.int64)
    np.add.at(counts, (position[code >= 0], code[code >= 0]), 1)
    most = counts.argmax(axis=1)
    taken = counts.max(axis=1) > 0
    foreign = (code >= 0) & (code != most[position])
    if foreign.any():
        days = len(np.unique(key[foreign]))
        add(
            "mixed_days",
            f"{days} days have readings of two arms; the rarer arm's ({int(foreign.sum())}) are excluded.",
        )
    if not taken.all():
        add("no_arm", f"{int((~taken).sum())} days (or numbers) have no arm and are excluded.")
    new = np.cumsum(taken) - 1
    row = np.where(taken[position] & ~foreign, new[position], -1)
    keys, most = keys[taken], most[taken]
    whole = bool((keys == np.floor(keys)).all())
    day = keys.astype(np.int64) if whole else np.arange(len(keys))
    return Rows(day, [values[key] for key in most], row, "day" if dated else "test", weekly=dated)


def _codes(label: Sequence[str], values: Sequence[str]) -> IntArray:
    of = {value: number for number, value in enumerate(values)}
    return np.array([of.get(value, -1) for value in label])


def _stretches(at: FloatArray, label: Sequence[str], *, dated: bool) -> IntArray:
    """Number the stretches of one arm; dated ones end where hours pass, and are cut into days."""
    arm = np.unique(np.array(label), return_inverse=True)[1]
    ends = np.diff(arm) != 0
    if dated:
        ends |= np.diff(at) > MAX_PAUSE_DAYS
    run = np.concatenate([[0], np.cumsum(ends)])
    if not dated:
        return run
    first = np.flatnonzero(np.concatenate([[True], ends]))
    last = np.append(first[1:] - 1, len(at) - 1)
    length = at[last] - at[first]
    pieces = np.maximum(np.round(length), 1)
    share = (at - at[first][run]) / np.maximum(length, 1e-9)[run] * pieces[run]
    part = np.minimum(np.floor(share), pieces[run] - 1)
    return np.cumsum(np.concatenate([[False], (np.diff(run) != 0) | (np.diff(part) != 0)]))


def _numbered(row: IntArray, label: list[str], word: str) -> Rows:
    observed = np.array([bool(value) for value in label])
    kept, number = np.unique(row[observed], return_inverse=True)
    every = np.full(len(row), -1)
    every[observed] = number
    first = {
        int(value): label[position] for position, value in reversed(list(enumerate(every))) if value >= 0
    }
    return Rows(
        np.arange(len(kept)), [first[number] for number in range(len(kept))], every, word, weekly=False
    )


def _scheduled(
    study: Study, key: FloatArray, label: Sequence[str], assigned: Assigned, *, dated: bool, add: Add
) -> Rows:
    if not dated and assigned.dated:
        raise DataError(
            "The schedule has dates and the data has plain numbers.",
            hint="Map columns: day to a column of dates.",
        )
    day = assigned.day
    if dated and not assigned.dated:
        day = _dates_of(day, key, add)
    position = np.clip(np.searchsorted(day, key), 0, len(day) - 1)
    inside = day[position] == key
    keys = np.unique(key)
    found = len(np.unique(key[inside]))
    if found < MIN_SCHEDULED * len(keys):
        raise DataError(
            f"The schedule does not match the data: only {found} of {len(keys)} days with data are in it.",
            hint="Check its first day, and whether both count days or both have dates.",
        )
    if found < len(keys):
        add("not_scheduled", f"{len(keys) - found} days with data are not in the schedule and are excluded.")
    keep = np.array([bool(arm) for arm in assigned.arm])
    row = np.where(inside & keep[position], (np.cumsum(keep) - 1)[position], -1)
    labels = [arm for arm in assigned.arm if arm]
    _say_adherence(study, row, label, labels, add)
    return Rows(day[keep].astype(np.int64), labels, row, "day" if dated else "test", weekly=dated)


def _dates_of(number: FloatArray, key: FloatArray, add: Add) -> FloatArray:
    """Dates of a schedule that counts days, day 1 the first of the data."""
    keys = np.unique(key)
    if np.ptp(keys) < np.ptp(number) + 1:
        add(
            "schedule_counts",
            "The schedule counts days: its first was taken to be the first date of the data.",
        )
        return np.asarray(number - number[0] + keys[0])
    if len(keys) == len(number):
        # A study that paused goes on counting where it stopped.
        add(
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


def _say_adherence(study: Study, row: IntArray, taken: Sequence[str], assigned: list[str], add: Add) -> None:
    """Compare what was taken, where the data says so, with what was assigned."""
    names = {value.lower(): name for value, name in study.arms.items()}

    def meant(value: str) -> str:
        plain = value.lower().removesuffix(".0")
        return names.get(plain, plain)

    both = {
        int(value): meant(taken[position]) == meant(assigned[value])
        for position, value in enumerate(row)
        if value >= 0 and taken[position]
    }
    if not both:
        return
    share = sum(both.values()) / len(both)
    if share < MIN_AGREEING:
        raise DataError(
            f"The schedule does not match the data: they agree on {sum(both.values())} of {len(both)} days.",
            hint="Check the schedule's first day and the names under arms:.",
        )
    add(
        "adherence",
        f"What was taken agrees with what was assigned on {100 * share:.0f} % of {len(both)} days; "
        "days count as assigned.",
    )

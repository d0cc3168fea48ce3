"""Validation of a trial's protocol: every problem is reported, and nothing of an invalid protocol is imported.

A protocol decides how its trial is analysed. Imported in part, the trial would be analysed by rules that the protocol
does not state: any problem rejects all of it, except an unknown secondary outcome, which is rejected alone.
"""

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from pydantic import ValidationError

from santorio.metrics import OUTCOMES
from santorio.storage.parse_result import Rejection, is_future
from santorio.trials.interventions.intervention import MEASURE
from santorio.trials.protocol import Protocol
from santorio.trials.protocol_format import FORMAT

# A trial is planned for the coming months: a later first day is a typing error.
MAX_PLANNED_AHEAD = dt.timedelta(days=2 * 365)
EARLIEST_YEAR = 1990
MAX_ARMS = 20
MAX_LAG_DAYS = 30
MAX_CYCLE_DAYS = 28
# A larger multiple of the metric's own δ is beyond any physiological effect: it is in another unit.
MAX_EFFECT_RATIO = 100
MAX_MEASURE_EFFECT = 1e6


def slug(name: str) -> str:
    """A name for programs: lower case, words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def validate_protocol(
    document: Mapping[str, object], now: dt.datetime
) -> tuple[dict[str, object] | None, list[Rejection]]:
    """Validate a protocol.

    Returns
    -------
    content : dict or None
        The protocol with normalised names; None where it is rejected.
    rejections : list[Rejection]
        The problems, each with its field as the location.
    """
    problems = dict(_problems(document, now))
    if problems:
        return None, [_rejection("bad_protocol", field, problem) for field, problem in problems.items()]
    content = {**document, "trial": slug(str(document["trial"])), "outcome": _metric(document["outcome"])}
    stated = document.get("secondary")
    if not isinstance(stated, list) or not stated:
        return content, []
    secondary: list[str] = []
    rejections: list[Rejection] = []
    for number, name in enumerate(stated, start=1):
        metric = _metric(name)
        if metric is not None:
            secondary.append(metric)
            continue
        problem = f"secondary outcome {number} {_metric_problem()}. The rest was imported"
        rejections.append(_rejection("unknown_outcome", f"secondary {number}", problem))
    content["secondary"] = secondary
    return content, rejections


def _rejection(code: str, field: str, problem: str) -> Rejection:
    reason = f"In this trial's protocol {problem}. Correct it and import again (docs/logs.md shows one)."
    return Rejection(code, reason, field)


def _problems(document: Mapping[str, object], now: dt.datetime) -> Iterator[tuple[str, str]]:
    """Each invalid field, with the problem; no value is quoted."""
    name, secondary = document.get("trial"), document.get("secondary")
    if not isinstance(name, str) or not slug(name):
        yield "trial", "“trial” is not a name"
    if _metric(document.get("outcome")) is None:
        yield "outcome", f"“outcome” {_metric_problem()}"
    if secondary is not None and not isinstance(secondary, list):
        yield "secondary", "“secondary” is not a list of outcomes"
    if document.get("direction") not in (None, "higher", "lower"):
        yield (
            "direction",
            "“direction” is neither “higher” nor “lower”: say which is better, or omit it",
        )
    yield from _arm_problems(document)
    yield from _start_problems(document.get("start_day"), now)
    yield from _amount_problems(document)
    if document.get("format") is not None:
        yield from _typed_problems(document)
    # Protocols of earlier versions call the field “law”.
    field = "law" if "law" in document else "randomization"
    if document.get(field) is not None and not _is_randomization(document[field]):
        yield field, f"“{field}” is not a scheme that Santorio draws: copy it from the proposal, or omit it"


def _typed_problems(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The problems of a protocol in Santorio's own format: imported in part, its hash would be meaningless."""
    try:
        Protocol.model_validate(document)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            field = ".".join(map(str, problem["loc"])) or "format"
            yield field, f"“{field}” does not conform to “{FORMAT}” (docs/interventions.md)"


def _metric(name: object) -> str | None:
    """The outcome's name in the warehouse: a metric's, or a measure's without its prefix; None if it is neither."""
    if not isinstance(name, str):
        return None
    metric = slug(name)
    if metric in OUTCOMES:
        return metric
    if metric.startswith(MEASURE):
        return metric.removeprefix(MEASURE) or None
    return None


def _metric_problem() -> str:
    return (
        f"is not a metric of Santorio's. Use one of: {', '.join(OUTCOMES)}; "
        f"or name a measure that you log yourself with {MEASURE} before its name, such as {MEASURE}headache"
    )


def _arm_problems(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    arms, assignment = document.get("arms"), document.get("assignment")
    if not _are_arm_names(arms):
        yield "arms", f"“arms” is not a list of two to {MAX_ARMS} different names, the reference first"
        return
    if assignment is None:
        return
    if isinstance(assignment, Mapping):
        days = {str(day): arm for day, arm in assignment.items()}
    elif isinstance(assignment, list):
        days = {str(day): arm for day, arm in enumerate(assignment, start=1)}
    else:
        yield "assignment", "“assignment” is neither a list of arms nor days with their arms"
        return
    if not all(re.fullmatch(r"[1-9]\d{0,3}", day) for day in days):
        yield (
            "assignment",
            "“assignment” has a day that is not a number from 1 to 9999. Day 1 is that of “start_day”",
        )
    elif unnamed := [day for day, arm in days.items() if not _is_arm(arm, arms)]:
        which = f"study day {unnamed[0]}"
        if len(unnamed) > 1:
            which += " and others"
        yield "assignment", f"“assignment” gives {which} an arm that “arms” does not name"


def _are_arm_names(arms: object) -> TypeGuard[list[str]]:
    if not isinstance(arms, list):
        return False
    if not all(isinstance(arm, str) and arm.strip() for arm in arms):
        return False
    return 2 <= len(set(arms)) == len(arms) <= MAX_ARMS


def _is_arm(arm: object, arms: Sequence[str]) -> bool:
    """Whether this is an arm's name or number, 0 being the reference; null excludes the day from the trial."""
    if arm is None:
        return True
    if isinstance(arm, bool):
        return len(arms) == 2
    if isinstance(arm, int):
        return 0 <= arm < len(arms)
    if not isinstance(arm, str):
        return False
    if arm in arms:
        return True
    return re.fullmatch(r"\d{1,2}", arm) is not None and int(arm) < len(arms)


def _start_problems(stated: object, now: dt.datetime) -> Iterator[tuple[str, str]]:
    try:
        if not isinstance(stated, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", stated):
            raise ValueError
        start = dt.datetime.combine(dt.date.fromisoformat(stated), dt.time(), dt.UTC)
    except ValueError:
        yield "start_day", "“start_day” is not a date such as 2026-03-01"
        return
    if start.year < EARLIEST_YEAR or is_future(start, now + MAX_PLANNED_AHEAD):
        yield "start_day", f"“start_day” lies before {EARLIEST_YEAR} or more than two years ahead"


def _amount_problems(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    smallest, metric = document.get("smallest_effect"), _metric(document.get("outcome"))
    registered = OUTCOMES[metric].smallest_effect if metric in OUTCOMES else None
    most = MAX_MEASURE_EFFECT
    if registered:
        most = MAX_EFFECT_RATIO * registered
    if smallest is not None and not (_is_number(smallest) and 0 < smallest <= most):  # type: ignore[operator]
        yield (
            "smallest_effect",
            f"“smallest_effect”, in the outcome's unit, is not a number above 0 and up to {most:g}",
        )
    period, washout = document.get("period_days"), document.get("washout_days")
    if period is not None and not _is_whole(period, 1, 365):
        yield "period_days", "“period_days” is not a whole number from 1 to 365"
    elif washout is not None and not _is_whole(washout, 0, 365):
        yield "washout_days", "“washout_days” is not a whole number from 0 to 365"
    elif washout and period is None:
        yield "washout_days", "“washout_days” is given without “period_days”: state how long a period is"
    elif washout and int(str(washout)) >= int(str(period)):
        yield "washout_days", "“washout_days” leaves no day of a period: make it less than “period_days”"
    if document.get("lag_days") is not None and not _is_whole(document["lag_days"], 0, MAX_LAG_DAYS):
        yield "lag_days", f"“lag_days” is not a whole number from 0 to {MAX_LAG_DAYS}"


def _is_number(value: object) -> bool:
    # True and False are integers to Python.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_randomization(scheme: object) -> bool:
    """Whether `santorio.stats.randomization` draws by this scheme."""
    if not isinstance(scheme, Mapping):
        return False
    if scheme.get("kind") == "periods":
        return _is_whole(scheme.get("period_days"), 1, 365)
    return (
        scheme.get("kind") == "daily"
        and _is_whole(scheme.get("cycle_days"), 2, MAX_CYCLE_DAYS)
        and _is_whole(scheme.get("longest_run"), 1, MAX_CYCLE_DAYS)
    )

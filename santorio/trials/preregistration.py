"""Preregistration, reconstructed from the log: when a trial's protocol was recorded, and when it was changed.

A protocol is a promise only if it was made before the days that it is about. The log stores every version with the time
of its arrival, so that a protocol made or changed afterwards is recognised, and the report says so.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from santorio import local_time as local
from santorio.people import Person
from santorio.rendering.text import plural
from santorio.stats.decisions import DECISION_THRESHOLD
from santorio.trials.protocol import Protocol, parse_protocol
from santorio.trials.protocol_format import with_current_names
from santorio.trials.protocol_model import Model

# The fields that decide how a trial is analysed; the wording of its question does not.
DECISIVE_FIELDS = (
    "arms",
    "outcome",
    "secondary",
    "direction",
    "smallest_effect",
    "lag_days",
    "start_day",
    "period_days",
    "washout_days",
    "cycles",
    "randomization",
    "assignment",
    "model",
    "decision_rule",
    "stopping",
)


@dataclass(frozen=True)
class Version:
    """A protocol or schedule as it arrived on a local day, with its decisive fields.

    `protocol` is the complete protocol, where it is typed.
    """

    event_type: str
    day: dt.date
    stated: Mapping[str, object]
    protocol: Protocol | None = None


@dataclass(frozen=True)
class Change:
    """A change of decisive fields, and the number of study days before it."""

    day: dt.date
    after_days: int
    fields: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "day": self.day.isoformat(),
            "after_days": self.after_days,
            "fields": list(self.fields),
        }


@dataclass(frozen=True)
class Preregistration:
    """When a trial's protocol was recorded and changed.

    Attributes
    ----------
    recorded_on : date or None
        Local day on which it was first recorded; None where no protocol was ever recorded.
    after_days, study_days : int
        Number of study days that were over by then, and of all study days.
    changes : tuple[Change, ...]
        Changes after the first study day.
    randomization : Mapping or None
        The scheme of the schedule, where the protocol states it.
    frozen : Protocol or None
        The protocol as it was first recorded, where it is typed.
    """

    recorded_on: dt.date | None
    after_days: int
    study_days: int
    changes: tuple[Change, ...] = ()
    randomization: Mapping[str, object] | None = None
    frozen: Protocol | None = None

    @property
    def model(self) -> Model:
        """The model that the protocol promised; without a typed protocol the default one."""
        return self.frozen.model if self.frozen else Model()

    @property
    def threshold(self) -> float:
        """The probability that the protocol requires for a decision at the end; without one, the default."""
        return self.frozen.decision_rule.threshold if self.frozen else DECISION_THRESHOLD

    @property
    def planned_days(self) -> int:
        """Number of study days that the protocol plans; 0 where it is not typed."""
        return len(self.frozen.drawn) if self.frozen else 0

    @property
    def is_frozen(self) -> bool:
        """Whether the protocol was recorded before its first day was over, and has not been changed since."""
        return self.recorded_on is not None and not self.after_days and not self.changes

    def as_json(self) -> dict[str, object]:
        """Plain data for a run's diagnostics, which its cache key includes."""
        recorded_on = self.recorded_on.isoformat() if self.recorded_on else None
        sha256 = self.frozen.sha256 if self.frozen else None
        return {
            "recorded_on": recorded_on,
            "recorded_after_days": self.after_days,
            "changes": [change.as_json() for change in self.changes],
            "randomization": self.randomization,
            "sha256": sha256,
            "says": self.sentence(),
        }

    def sentence(self) -> str:
        """When the protocol was recorded and changed, in a sentence.

        Runs store it in their diagnostics, and their cache key includes it: another wording refits every trial.
        """
        if self.recorded_on is None:
            return "No protocol was recorded: what the trial is judged by was chosen afterwards."
        recorded = f"The protocol was recorded on {self.recorded_on}"
        if self.after_days >= self.study_days:
            recorded += ", after the last day: the study is judged in retrospect"
        elif self.after_days:
            recorded += f", after {self.after_days} of its {self.study_days} days"
        else:
            recorded += ", before its first day was over"
        for change in self.changes:
            days, fields = plural(change.after_days, "day"), ", ".join(change.fields)
            recorded += f"; it was changed on {change.day}, after {days} of data: {fields}"
        if self.changes or self.after_days:
            return f"{recorded}."
        return f"{recorded}, and not changed since."


NOT_PREREGISTERED = Preregistration(None, 0, 0)


def load_protocol_history(connection: psycopg.Connection, person: Person) -> dict[str, list[Version]]:
    """Load every version of a person's protocols and schedules, by trial, in the order of arrival."""
    rows = connection.execute(
        """
        select data ->> 'trial', event_type, ingested_at, data from raw.events
        where user_id = %s and source = 'trial' and event_type in ('trial.protocol', 'trial.schedule')
        order by ingested_at
        """,
        [person.user_id],
    ).fetchall()
    versions: dict[str, list[Version]] = {}
    for trial, event_type, ingested_at, data in rows:
        offset = local.zone_offset(ingested_at.astimezone(dt.UTC).replace(tzinfo=None), person.timezone)
        fields = with_current_names(data)
        stated = {name: fields[name] for name in DECISIVE_FIELDS if fields.get(name) not in (None, [], {})}
        versions.setdefault(str(trial), []).append(
            Version(event_type, local.local_day(ingested_at, offset), stated, parse_protocol(data))
        )
    return versions


def reconstruct_preregistration(
    versions: Sequence[Version], first_days: Sequence[dt.date]
) -> Preregistration:
    """Reconstruct when a protocol was recorded and changed from its versions.

    Parameters
    ----------
    versions : Sequence[Version]
        In the order of arrival.
    first_days : Sequence[date]
        First date of each study day, as they stand now.
    """
    newest: dict[str, Version] = {}
    starts: list[dt.date] = []
    changes: list[Change] = []
    recorded: Version | None = None
    for version in versions:
        before = newest.get(version.event_type)
        if recorded is None:
            if version.event_type == "trial.protocol":
                recorded = version
        # Files of one day complete one another; a schedule may come before or after its protocol.
        elif version.day > recorded.day:
            # A new first day does not undo the study days since the old one.
            since_starts = [(version.day - max(start, recorded.day)).days for start in starts]
            elapsed = min(max([_days_before(first_days, version.day), *since_starts]), len(first_days))
            fields = _differences(before, version)
            if fields and elapsed > 0:
                changes.append(Change(version.day, elapsed, fields))
        newest[version.event_type] = version
        if start := _date(version.stated.get("start_day")):
            starts.append(start)
    if recorded is None:
        return Preregistration(None, 0, len(first_days))
    stated_scheme = newest["trial.protocol"].stated.get("randomization")
    scheme = stated_scheme if isinstance(stated_scheme, Mapping) else None
    return Preregistration(
        recorded_on=recorded.day,
        after_days=_days_before(first_days, recorded.day),
        study_days=len(first_days),
        changes=tuple(changes),
        randomization=scheme,
        frozen=recorded.protocol,
    )


def _days_before(first_days: Sequence[dt.date], day: dt.date) -> int:
    return sum(first < day for first in first_days)


def _differences(before: Version | None, version: Version) -> tuple[str, ...]:
    """The decisive fields that differ from the version before."""
    old = before.stated if before else {}
    new = version.stated
    return tuple(name for name in DECISIVE_FIELDS if _as_json(old.get(name)) != _as_json(new.get(name)))


def _as_json(value: object) -> str:
    """The value as JSON, for which tuples and lists, and mappings in any order, are the same."""
    return json.dumps(value, sort_keys=True)


def _date(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None

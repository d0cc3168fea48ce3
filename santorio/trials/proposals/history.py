"""What a person tried or declined before, and when it may be proposed again: never without a reason, which is said."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psycopg

from santorio.metrics import label
from santorio.people import Person
from santorio.stats.assurance import Belief
from santorio.trials.interventions.intervention import MEASURE, Intervention
from santorio.trials.repository import TrialStatus, load_trial_statuses

# Seasons, habits and bodies change: after a year an answer may be another.
OLD = dt.timedelta(days=365)
# Half the noise is a quarter of the days for the same answer: what was too long may be short now.
QUIETER = 0.5
# The outcome of the last day has arrived by then.
SETTLED = dt.timedelta(days=2)


@dataclass(frozen=True)
class PreviousTrial:
    """Something that was proposed or tried.

    Attributes
    ----------
    trial : str
        Its name.
    intervention : str or None
        The intervention's name, where it is known; else the trial's name tells.
    metric : str or None
        Its outcome, as the marts name it.
    state : {"open", "declined", "finished", "abandoned"}
        "open" is accepted, running or paused.
    day : date or None
        When it was declined or ended.
    sigma : float or None
        The day-to-day noise that it was planned with.
    decided : bool
        Whether it ended with an answer other than "keep going".
    arms : tuple[str, ...]
        Its arms, the reference first, where they are known.
    found : Belief or None
        What it found of its second arm against the reference, in the outcome's unit; None before its end, and where
        there are more arms than two.
    """

    trial: str
    intervention: str | None
    metric: str | None
    state: Literal["open", "declined", "finished", "abandoned"]
    day: dt.date | None
    sigma: float | None = None
    decided: bool = False
    arms: tuple[str, ...] = ()
    found: Belief | None = None

    def is_old(self, today: dt.date) -> bool:
        """Whether it is so long ago that asking again makes sense."""
        return self.day is not None and today - self.day >= OLD

    def is_about(self, intervention: Intervention) -> bool:
        """Whether it was about this intervention: by its name, or by the words of the trial's name."""
        if self.intervention is not None:
            return self.intervention == intervention.name
        words = set(self.trial.casefold().replace("_", "-").split("-"))
        return set(intervention.name.split("-")) <= words


def previous_result(
    past: Sequence[PreviousTrial], intervention: Intervention, metric: str
) -> PreviousTrial | None:
    """The newest trial of the same arms on the same outcome that found something: what the next one starts from."""
    tried = [
        one
        for one in past
        if one.found
        and one.day
        and one.intervention == intervention.name
        and one.metric == metric
        and one.arms == intervention.arms
    ]
    return max(tried, key=lambda one: (one.day or dt.date.min, one.trial), default=None)


def can_repropose(
    past: Sequence[PreviousTrial], intervention: Intervention, metric: str, sigma: float, today: dt.date
) -> tuple[bool, str | None]:
    """Whether an intervention may be proposed, and why again, in a sentence, where it was tried or declined before.

    Parameters
    ----------
    metric : str
        The outcome that it would be tested on, as the marts name it.
    sigma : float
        Its day-to-day noise now.
    """
    about = [one for one in past if one.is_about(intervention)]
    reasons = [_reason(one, metric, sigma, today) for one in about]
    if any(reason is None for reason in reasons):
        return False, None
    return True, reasons[-1] if reasons else None


def _reason(one: PreviousTrial, metric: str, sigma: float, today: dt.date) -> str | None:
    """Why it may be proposed again; None where nothing speaks for it."""
    if one.state == "open":
        return None
    did = {"declined": "declined this", "finished": "tested this", "abandoned": "gave this up"}[one.state]
    if one.is_old(today):
        return f"You {did} on {one.day}; more than a year has passed, and the answer may be another now."
    quieter = one.sigma is not None and one.metric == metric and sigma <= QUIETER * one.sigma
    if quieter and not one.decided:
        return (
            f"You {did} on {one.day}; your {label(metric)} varies no more than half as much from day to day as it "
            "did then, so that an answer takes far fewer days."
        )
    return None


def next_number(past: Sequence[PreviousTrial], slug: str) -> int:
    """Number of the next trial of this name: a trial never takes the place of an earlier one."""
    taken = {one.trial.replace("_", "-") for one in past if one.state != "declined"}
    number = 1
    while (slug if number == 1 else f"{slug}-{number}") in taken:
        number += 1
    return number


def load_previous_trials(
    connection: psycopg.Connection, person: Person, today: dt.date
) -> list[PreviousTrial]:
    """Read what was tried or declined: what the log tells of a trial's state, and every other trial of the marts."""
    found = _read_found(connection, person)
    lived = [_from_life(one, found.get(one.trial)) for one in load_trial_statuses(connection, person, today)]
    known = {one.trial for one in lived}
    return [*lived, *(one for one in _from_marts(connection, person, today) if one.trial not in known)]


def _read_found(connection: psycopg.Connection, person: Person) -> dict[str, Belief]:
    """Read what trials of two arms found, by name, from the newest accepted analysis after their end."""
    rows = connection.execute(
        """
        with newest as (
          select distinct on (target) target, run_id from analysis.runs
          where user_id = %s and kind = 'trial' and status = 'accepted' and diagnostics @> '{"ended": true}'
          order by target, created_at desc
        )
        select target, min(estimate), min(sd) from newest join analysis.trial_results using (run_id)
        where is_primary group by target having count(*) = 1
        """,
        [person.user_id],
    ).fetchall()
    return {str(trial): Belief(float(estimate), float(sd)) for trial, estimate, sd in rows}


def _from_life(status: TrialStatus, found: Belief | None) -> PreviousTrial:
    state, protocol = status.state, status.frozen
    planning = protocol.planning if protocol else None
    if state.name == "declined" and state.declined is not None:
        told = state.declined
        return PreviousTrial(status.trial, told.intervention, told.metric, "declined", told.day, told.sigma)
    states: dict[str, Literal["finished", "abandoned"]] = {
        "completed": "finished", "analysed": "finished", "abandoned": "abandoned",
    }  # fmt: skip
    last = status.protocol.last_day if status.protocol else None
    return PreviousTrial(
        trial=status.trial,
        intervention=protocol.intervention if protocol else None,
        metric=protocol.outcome.removeprefix(MEASURE) if protocol else None,
        state=states.get(state.name, "open"),
        day=last or state.since,
        sigma=planning.sigma if planning else None,
        decided=state.decision not in (None, "keep going"),
        arms=protocol.arms if protocol else (),
        found=found if state.name in states else None,
    )


def _from_marts(connection: psycopg.Connection, person: Person, today: dt.date) -> list[PreviousTrial]:
    rows = connection.execute(
        """
        select trial, outcome, last_day,
               (select bool_or(decision <> 'keep going') from analysis.trial_results result
                where result.user_id = known.user_id and result.trial = known.trial and result.is_primary)
        from marts.trials known where user_id = %s order by last_day nulls last, trial
        """,
        [person.user_id],
    ).fetchall()
    return [
        PreviousTrial(
            trial=trial,
            intervention=None,
            metric=outcome,
            state="finished" if last_day and last_day + SETTLED < today else "open",
            day=last_day,
            decided=bool(decided),
        )
        for trial, outcome, last_day, decided in rows
    ]

"""Previous trials and declined proposals, and when an intervention may be proposed again: only for a stated reason."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import psycopg

from santorio.metrics import label
from santorio.people import Person
from santorio.stats.assurance import EffectDistribution
from santorio.trials.interventions.intervention import MEASURE, Intervention
from santorio.trials.repository import TrialStatus, load_trial_statuses

# Seasons, habits and bodies change: after a year the answer may be different.
MIN_AGE_TO_REPEAT = dt.timedelta(days=365)
# Half the noise needs a quarter of the days for the same answer: a trial that was too long may be short now.
MAX_NOISE_RATIO = 0.5
# The outcome of the last day has arrived by then.
OUTCOME_DELAY = dt.timedelta(days=2)
# States of the log in which a trial is over.
_PAST_STATES: Mapping[str, Literal["finished", "abandoned"]] = {
    "completed": "finished",
    "stopped_early": "finished",
    "analysed": "finished",
    "abandoned": "abandoned",
}


@dataclass(frozen=True)
class PreviousTrial:
    """A trial that the person accepted, ran or declined.

    Attributes
    ----------
    trial : str
        Its name.
    intervention : str or None
        The intervention's name; None where only the trial's name suggests it.
    metric : str or None
        Its outcome, as the marts name it.
    state : {"open", "declined", "finished", "abandoned"}
        "open": accepted, running or paused.
    day : date or None
        When it was declined or ended.
    sigma : float or None
        The day-to-day noise that it was planned with.
    decided : bool
        Whether it ended with an answer other than "keep going".
    arms : tuple[str, ...]
        Its arms, the reference first; empty where they are unknown.
    result : EffectDistribution or None
        Effect of its second arm against the reference, in the outcome's unit; None before its end, and with more than
        two arms.
    """

    trial: str
    intervention: str | None
    metric: str | None
    state: Literal["open", "declined", "finished", "abandoned"]
    day: dt.date | None
    sigma: float | None = None
    decided: bool = False
    arms: tuple[str, ...] = ()
    result: EffectDistribution | None = None

    def is_old(self, today: dt.date) -> bool:
        """Whether it is long enough ago to be repeated."""
        return self.day is not None and today - self.day >= MIN_AGE_TO_REPEAT

    def is_about(self, intervention: Intervention) -> bool:
        """Whether it tested this intervention: by its name, or by the words of the trial's name."""
        if self.intervention is not None:
            return self.intervention == intervention.name
        words = set(self.trial.casefold().replace("_", "-").split("-"))
        return set(intervention.name.split("-")) <= words


def previous_result(
    past: Sequence[PreviousTrial], intervention: Intervention, metric: str
) -> PreviousTrial | None:
    """The newest trial with a result for the same arms and outcome: its result is the prior of the next one."""
    question = (intervention.name, metric, intervention.arms)
    newest: PreviousTrial | None = None
    for trial in sorted(past, key=lambda trial: (trial.day or dt.date.min, trial.trial)):
        is_same_question = (trial.intervention, trial.metric, trial.arms) == question
        if is_same_question and trial.result and trial.day:
            newest = trial
    return newest


def can_repropose(
    past: Sequence[PreviousTrial], intervention: Intervention, metric: str, sigma: float, today: dt.date
) -> tuple[bool, str | None]:
    """Whether an intervention may be proposed; where it was tried or declined before, with the reason in a sentence.

    Parameters
    ----------
    metric : str
        The outcome that it would be tested on, as the marts name it.
    sigma : float
        Its day-to-day noise now.
    """
    reason = None
    for trial in past:
        if not trial.is_about(intervention):
            continue
        reason = _repeat_reason(trial, metric, sigma, today)
        if reason is None:
            return False, None
    return True, reason


def _repeat_reason(trial: PreviousTrial, metric: str, sigma: float, today: dt.date) -> str | None:
    """Why the trial may be proposed again; None without a reason."""
    if trial.state == "open":
        return None
    verbs = {"declined": "declined this", "finished": "tested this", "abandoned": "abandoned this"}
    event = f"You {verbs[trial.state]} on {trial.day}"
    if trial.is_old(today):
        return f"{event}; more than a year has passed, and the answer may be different now."
    if trial.decided or trial.sigma is None or trial.metric != metric:
        return None
    if sigma > MAX_NOISE_RATIO * trial.sigma:
        return None
    return (
        f"{event}; your {label(metric)} varies no more than half as much from day to day as it did then, so that an "
        "answer takes far fewer days."
    )


def next_number(past: Sequence[PreviousTrial], slug: str) -> int:
    """Number of the next trial of this name: no trial replaces an earlier one."""
    # A declined proposal left no trial behind: the next one may have its name.
    taken = {trial.trial.replace("_", "-") for trial in past if trial.state != "declined"}
    if slug not in taken:
        return 1
    number = 2
    while f"{slug}-{number}" in taken:
        number += 1
    return number


def load_previous_trials(
    connection: psycopg.Connection, person: Person, today: dt.date
) -> list[PreviousTrial]:
    """Load the trials with events in the log, then the other trials of the marts."""
    results = _load_results(connection, person)
    trials: dict[str, PreviousTrial] = {}
    for status in load_trial_statuses(connection, person, today):
        trials[status.trial] = _from_status(status, results.get(status.trial))
    for trial in _from_marts(connection, person, today):
        # The log knows more of a trial than the marts.
        trials.setdefault(trial.trial, trial)
    return list(trials.values())


def _load_results(connection: psycopg.Connection, person: Person) -> dict[str, EffectDistribution]:
    """Load the results of trials of two arms, by name, from the newest accepted analysis after their end."""
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
    results = {}
    for trial, estimate, sd in rows:
        results[str(trial)] = EffectDistribution(float(estimate), float(sd))
    return results


def _from_status(status: TrialStatus, result: EffectDistribution | None) -> PreviousTrial:
    state, protocol = status.state, status.frozen
    if state.name == "declined" and state.declined is not None:
        refusal = state.declined
        return PreviousTrial(
            status.trial, refusal.intervention, refusal.metric, "declined", refusal.day, refusal.sigma
        )
    last_day = status.protocol.last_day if status.protocol else None
    trial = PreviousTrial(
        trial=status.trial,
        intervention=None,
        metric=None,
        state="open",
        day=last_day or state.since,
        decided=state.decision not in (None, "keep going"),
    )
    if state.name in _PAST_STATES:
        trial = replace(trial, state=_PAST_STATES[state.name], result=result)
    if protocol is None:
        return trial
    sigma = protocol.planning.sigma if protocol.planning else None
    return replace(
        trial,
        intervention=protocol.intervention,
        metric=protocol.outcome.removeprefix(MEASURE),
        sigma=sigma,
        arms=protocol.arms,
    )


def _from_marts(connection: psycopg.Connection, person: Person, today: dt.date) -> list[PreviousTrial]:
    rows = connection.execute(
        """
        select trial, outcome, last_day,
               (select bool_or(decision <> 'keep going') from analysis.trial_results result
                where result.user_id = trials.user_id and result.trial = trials.trial and result.is_primary)
        from marts.trials where user_id = %s order by last_day nulls last, trial
        """,
        [person.user_id],
    ).fetchall()
    trials = []
    for trial, outcome, last_day, is_decided in rows:
        state = _state_by_date(last_day, today)
        trials.append(PreviousTrial(trial, None, outcome, state, last_day, decided=bool(is_decided)))
    return trials


def _state_by_date(last_day: dt.date | None, today: dt.date) -> Literal["finished", "open"]:
    """The state of a trial without events in the log."""
    if last_day and last_day + OUTCOME_DELAY < today:
        return "finished"
    return "open"

"""What `santorio trial` prints: results, proposals, the state of a trial, and what it asks for today."""

import datetime as dt

from rich.markup import escape
from rich.table import Table

from santorio.cli.console import console
from santorio.cli.formats import format_estimate
from santorio.metrics import label
from santorio.rendering.text import join_words
from santorio.trials.adherence import AdherenceDay, adherence_rate
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM
from santorio.trials.interventions.intervention import MEASURE
from santorio.trials.protocol import Protocol
from santorio.trials.report.interim_text import correction_text, interim_sentence
from santorio.trials.repository import TrialStatus

# Days that were not logged are asked for during a week, not for ever.
ASKED_DAYS = 7
CONTROL_DECISIONS = {
    "nothing found": "nothing was found, as it should be",
    "something found": "an effect was found where there can be none: distrust this trial's answer",
}


def print_results(rows: list[dict[str, object]]) -> None:
    """Print the results of all trials, a line each."""
    if not rows:
        console.print("No trial has been analysed yet.")
        return
    headings = ("Trial", "Outcome", "Effect, with 95 % interval", "Verdict")
    table = Table(*headings, title="Trials", title_justify="left")
    for row in rows:
        outcome = label(str(row["outcome"])) + _role(row)
        effect = f"{format_estimate(row)} {row['unit']}"
        table.add_row(str(row["trial"]), outcome, effect, str(row["decision"]))
    console.print(table)


def print_proposals(rows: list[dict[str, object]]) -> None:
    """Print the proposals, a line each."""
    if not rows:
        return
    table = Table("", "Question", "Days", "Name", title="Proposed", title_justify="left")
    for row in rows:
        table.add_row(str(row["rank"]), str(row["question"]), str(row["days_needed"]), str(row["slug"]))
    console.print(table)


def print_proposal(row: dict[str, object], *, can_be_accepted: bool) -> None:
    """Print a proposal with its schedule, and how to accept or decline it."""
    name = row["slug"]
    console.print(f"[b]{row['question']}[/b]  {row['days_needed']} days\n{row['why']}\n")
    schedule = row["schedule"]
    assert isinstance(schedule, list)  # noqa: S101 - a column of JSON lists
    for entry in schedule:
        console.print("  ".join(["", *map(str, entry.values())]), highlight=False)
    if can_be_accepted:
        console.print(
            f"\nTo run it: [b]santorio trial accept {name}[/b] (it starts tomorrow; --start names another day). "
            f"If it is not for you: [b]santorio trial decline {name} --reason …[/b]",
            highlight=False,
            soft_wrap=True,
        )


def print_status(status: TrialStatus, adherence: list[AdherenceDay]) -> None:
    """Print the state of a trial, its frozen protocol, its adherence and its interim analyses."""
    state = status.state
    # A protocol that was imported, and not accepted here, has interim analyses but no events.
    if state.name == "unknown":
        _print_interim_analyses(status)
        return
    reason = f" {state.reason}" if state.reason else ""
    console.print(f"{state.sentence}{reason}", highlight=False, markup=False)
    if status.frozen is not None:
        console.print(f"  Protocol       SHA-256 {state.sha256}", highlight=False, soft_wrap=True)
    rate = adherence_rate(adherence)
    if rate is not None:
        days = sum(day.done is not None for day in adherence)
        console.print(f"  Adherence      {rate:.0%} of the {days} days with a record", highlight=False)
    _print_interim_analyses(status)
    for deviation in state.deviations:
        line = f"  Deviation      {deviation.day}: {deviation.what}"
        console.print(line, highlight=False, markup=False)
    console.print()


def _print_interim_analyses(status: TrialStatus) -> None:
    for analysis in status.interim.done:
        line = f"  Interim        {interim_sentence(analysis)}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if status.remaining_interim_days:
        days = join_words([str(days) for days in status.remaining_interim_days])
        console.print(f"  Interim        planned after {days} study days", highlight=False)
    if corrected := correction_text(status.interim):
        console.print(f"  Corrected      {corrected}", highlight=False, markup=False, soft_wrap=True)


def print_result(row: dict[str, object]) -> None:
    """Print one outcome of a trial with all its statistics."""
    delta, decision = row["smallest_effect"], str(row["decision"])
    arms = f"{row['arm']} against {row['reference_arm']}"
    difference = f"difference {row['raw_difference']:+.2f}"
    means = f"{row['mean_arm']:.2f} and {row['mean_reference']:.2f} {row['unit']}"
    probabilities = [
        f"more than +{delta:g}: {row['probability_above']:.0%}",
        f"within ±{delta:g}: {row['probability_within']:.0%}",
        f"less than −{delta:g}: {row['probability_below']:.0%}",
    ]
    lines = [
        f"[b]{row['trial']}: {arms}, {label(str(row['outcome']))}[/b]{_role(row)}",
        f"  Days           {row['days_arm']} and {row['days_reference']}, {row['cycles']} cycles",
        f"  Daily means    {means}, {difference}",
        f"  Effect         {format_estimate(row)} {row['unit']}",
        f"  Probability    {'   '.join(probabilities)}",
    ]
    if row["probability_repeats"] is not None:
        lines.append(f"  Repeats        {row['probability_repeats']:.0%}")
    if row["randomisation_p"] is not None:
        lines.append(f"  Randomisation  p = {row['randomisation_p']:.3f}")
    lines.append(f"  Verdict        [b]{CONTROL_DECISIONS.get(decision, decision)}[/b]\n")
    console.print("\n".join(lines), highlight=False)


def _role(row: dict[str, object]) -> str:
    """The role of an outcome that is not the primary one."""
    if row["is_negative_control"]:
        return " (negative control)"
    if row["is_primary"]:
        return ""
    return " (secondary)"


def unanswered_line(row: dict[str, object]) -> str:
    """One line about a trial without a published result."""
    # The newest analysis was rejected, or there was none: for lack of values, or of a complete protocol.
    if row["reason"]:
        reason = str(row["reason"]).rstrip(".")
    elif row["outcome"] and row["study_days"]:
        outcome = label(str(row["outcome"]))
        reason = f"it is analysed once each arm has {MIN_DAYS_PER_ARM} days with a value of {outcome}"
    else:
        reason = "it has no schedule or no outcome yet"
    trial = escape(str(row["trial"]))
    return f"[b]{trial}[/b]  {row['study_days']} days planned. No answer yet: {escape(reason)}."


def trial_task(status: TrialStatus, today: dt.date) -> dict[str, object]:
    """What a trial asks for on a day; a field that the state of the trial does not need is null."""
    protocol, state = status.protocol, status.state
    assert protocol is not None  # noqa: S101 - an open trial was accepted
    # The study days after an interim analysis that stopped the trial are not part of the answer.
    past_days = _study_days_until(protocol, today)[: state.stopped_after]
    is_over = state.stopped_after is not None or _is_past_last_day(protocol, today)
    frozen = status.frozen or protocol
    task: dict[str, object] = {
        "trial": status.trial,
        "question": protocol.question,
        "state": state.name,
        "arm": None,
        "study_day": None,
        "study_days": len(frozen.drawn),
        "starts": None,
        "paused_until": None,
        "adherence_question": None,
        "over": is_over,
        "to_log": [day for day in past_days[-ASKED_DAYS:] if day not in state.adhered],
        "rate": [],
        "next": None,
    }
    if state.name == "scheduled":
        task["starts"] = protocol.start_day
    elif state.name == "paused":
        task["paused_until"] = state.paused_until
    elif state.name == "running":
        task["arm"] = protocol.arm_of(today)
    if task["arm"] is not None:
        task["study_day"] = len(past_days)
    if protocol.adherence:
        task["adherence_question"] = protocol.adherence.ask
    if is_over:
        task["next"] = _next_step(status)
    else:
        outcomes = (protocol.outcome, *protocol.secondary)
        # The device measures the other outcomes: only these are for the person to log.
        task["rate"] = [outcome for outcome in outcomes if outcome.startswith(MEASURE)]
        task["next"] = _due_interim_analysis(status, today)
    return task


def _study_days_until(protocol: Protocol, today: dt.date) -> list[dt.date]:
    if protocol.start_day is None:
        return []
    days = [protocol.start_day + dt.timedelta(days=offset) for offset in range(len(protocol.assignment))]
    return [day for day in days if day <= today and protocol.arm_of(day) is not None]


def _is_past_last_day(protocol: Protocol, today: dt.date) -> bool:
    return protocol.last_day is not None and today > protocol.last_day


def _due_interim_analysis(status: TrialStatus, today: dt.date) -> str | None:
    """The interim analysis that can be done today; None where none is due."""
    protocol = status.protocol
    if protocol is None:
        return None
    for days in status.remaining_interim_days:
        last_day = protocol.day_of(days)
        if last_day and protocol.outcome_arrives_on(last_day) <= today:
            return f"The planned interim analysis after {days} study days can be done: santorio run"
    return None


def _next_step(status: TrialStatus) -> str:
    """What leads from the last day of a trial to its report."""
    state, protocol = status.state, status.protocol
    report = f"santorio trial report {status.trial}"
    if state.name == "stopped_early":
        return (
            f"It was stopped early at an interim analysis, after {state.stopped_after} study days: {state.decision}. "
            f"Its report: {report}"
        )
    if state.name == "analysed":
        return f"The answer: {state.decision}. Its report: {report}"
    if state.name == "completed":
        return f"Its last day is over. Analyse: santorio run. Then: {report}"
    assert protocol is not None  # noqa: S101 - an open trial was accepted
    assert protocol.last_day is not None  # noqa: S101 - it is over
    ready = protocol.outcome_arrives_on(protocol.last_day)
    return f"Its last day is over. From {ready} on, analyse: santorio run. Then: {report}"


def print_task(task: dict[str, object], today: dt.date) -> None:
    """Print what a trial asks for on a day."""
    name = str(task["trial"])
    console.print(f"[b]{escape(str(task['question']))}[/b]  ({name})", highlight=False)
    if task["starts"]:
        console.print(f"  It starts on {task['starts']}.", highlight=False)
        return
    if task["paused_until"]:
        console.print(f"  It is paused until {task['paused_until']}.", highlight=False)
        return
    if task["arm"]:
        number = f"day {task['study_day']} of {task['study_days']}"
        console.print(f"  Today, {number}: [b]{escape(str(task['arm']))}[/b].", highlight=False)
    elif task["state"] == "running" and not task["over"]:
        console.print("  Today is not a study day.")
    measures, to_log = task["rate"], task["to_log"]
    assert isinstance(measures, list)  # noqa: S101 - built above
    assert isinstance(to_log, list)  # noqa: S101 - built above
    for measure in measures:
        name_of_measure = label(str(measure).removeprefix(MEASURE))
        console.print(
            f"  Rate your {name_of_measure}, and log it as a measure (docs/logs.md).", highlight=False
        )
    if to_log:
        question = escape(str(task["adherence_question"] or "Was it done?"))
        day_option = ""
        if to_log[-1] != today:
            day_option = f" --day {to_log[-1]}"
        console.print(
            f"  When the day is over: {question} santorio trial log {name} --done (or --not-done){day_option}",
            highlight=False,
            soft_wrap=True,
        )
    if len(to_log) > 1:
        console.print(f"  Not logged yet: {', '.join(map(str, to_log))}.", highlight=False)
    if task["next"]:
        console.print(f"  {escape(str(task['next']))}", highlight=False, soft_wrap=True)

"""`santorio trial …`: the trials that are proposed, run or ran, and what a person does with them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.markup import escape

from santorio import local_time
from santorio.analyses.run_store import latest_results
from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.cli.trial_output import (
    print_proposal,
    print_proposals,
    print_result,
    print_results,
    print_status,
    print_task,
    trial_task,
    unanswered_line,
)
from santorio.errors import NotFound, output_errors
from santorio.people import Person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.object_store import open_object_store
from santorio.trials import service
from santorio.trials.adherence import AdherenceDay, load_adherence
from santorio.trials.interventions.custom import withdraw as withdraw_intervention
from santorio.trials.lifecycle import OPEN, InvalidCommand
from santorio.trials.preregistration import Preregistration
from santorio.trials.protocol_validation import slug
from santorio.trials.repository import (
    Proposal,
    TrialStatus,
    load_preregistration,
    load_proposal,
    load_trial_status,
    load_trial_statuses,
    load_unanswered_trials,
)
from santorio.trials.service import CommandResult

# Number of days for which `santorio trial today` mentions an answer.
NEWS_DAYS = 14

app = typer.Typer(help="Trials that are proposed, run or ran.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name of a trial or a proposal.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]
Day = Annotated[str | None, typer.Option("--day", help="The day, such as 2026-12-01; default: today.")]


@app.command("list")
def list_trials(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """List the trials with their results, and the proposals."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        reader = resolve_person(connection, settings, person)
        today = local_time.today(connection, reader, dt.datetime.now(dt.UTC))
        results = latest_results(
            connection, reader.user_id, "trial_results", "trial, is_primary desc, outcome"
        )
        proposals = latest_results(connection, reader.user_id, "proposals", "rank")
        unanswered = load_unanswered_trials(connection, reader)
        statuses = load_trial_statuses(connection, reader, today)
    states = [status.state for status in statuses if status.state.name != "proposed"]
    if as_json:
        print_json(
            {
                "results": results,
                "unanswered": unanswered,
                "proposals": proposals,
                "states": [state.as_json() for state in states],
            }
        )
        return
    print_results(results)
    for row in unanswered:
        console.print(unanswered_line(row))
    for state in states:
        console.print(state.sentence, highlight=False)
    print_proposals(proposals)


@app.command("show")
def show_trial(name: Name, *, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Show a trial with its results, or a proposal with its schedule."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        reader = resolve_person(connection, settings, person)
        today = local_time.today(connection, reader, dt.datetime.now(dt.UTC))
        details = _load_details(connection, reader, name, today)
    if not details.exists:
        raise NotFound(f"There is no trial called “{name}”.", hint="`santorio trial list` names them.")
    if as_json:
        print_json(_details_document(details))
    else:
        _print_details(details)


@dataclass(frozen=True)
class _TrialDetails:
    """What the log, the marts and the published runs contain about one trial.

    Attributes
    ----------
    results, unanswered, proposal_rows : list[dict[str, object]]
        Rows of published results, of a trial without a result, and of proposals.
    """

    status: TrialStatus
    adherence: list[AdherenceDay]
    results: list[dict[str, object]]
    unanswered: list[dict[str, object]]
    proposal_rows: list[dict[str, object]]
    proposal: Proposal | None
    preregistration: Preregistration | None

    @property
    def has_events(self) -> bool:
        return self.status.state.name != "unknown"

    @property
    def exists(self) -> bool:
        return bool(self.results or self.unanswered or self.proposal_rows or self.has_events)


def _load_details(connection: psycopg.Connection, person: Person, name: str, today: dt.date) -> _TrialDetails:
    trial = slug(name)
    results = latest_results(connection, person.user_id, "trial_results", "is_primary desc, outcome")
    proposals = latest_results(connection, person.user_id, "proposals", "rank")
    unanswered = load_unanswered_trials(connection, person)
    status = load_trial_status(connection, person, name, today)
    return _TrialDetails(
        status=status,
        adherence=load_adherence(connection, person, trial, status.protocol, status.state.adhered, today),
        results=[row for row in results if row["trial"] in {name, trial}],
        unanswered=[row for row in unanswered if row["trial"] in {name, trial}],
        proposal_rows=[row for row in proposals if slug(str(row["slug"])) == trial],
        proposal=load_proposal(connection, person, trial),
        preregistration=load_preregistration(connection, person, trial),
    )


def _details_document(details: _TrialDetails) -> dict[str, object]:
    """The document of `santorio trial show --json`; what the trial does not have is null."""
    status = details.status
    document: dict[str, object] = {
        "results": details.results,
        "unanswered": None,
        "preregistration": None,
        "proposal": None,
        "state": None,
        "adherence": details.adherence,
        "interim_analyses": status.interim.done,
        "remaining_interim_days": status.remaining_interim_days,
        "frozen_protocol": None,
    }
    if details.unanswered:
        document["unanswered"] = details.unanswered[0]
    if details.preregistration:
        document["preregistration"] = details.preregistration.as_json()
    if details.proposal_rows:
        protocol = details.proposal.protocol.document() if details.proposal else None
        document["proposal"] = {**details.proposal_rows[0], "protocol": protocol}
    if details.has_events:
        document["state"] = status.state.as_json()
    if status.frozen:
        document["frozen_protocol"] = status.frozen.document()
    return document


def _print_details(details: _TrialDetails) -> None:
    print_status(details.status, details.adherence)
    for row in details.results:
        print_result(row)
    if details.results:
        trial = details.results[0]["trial"]
        console.print(f"Its report: [b]santorio trial report {trial}[/b]\n", soft_wrap=True)
    for row in details.unanswered:
        console.print(unanswered_line(row))
    if details.preregistration:
        console.print(f"{details.preregistration.sentence()}\n", highlight=False)
    for row in details.proposal_rows:
        print_proposal(row, can_be_accepted=details.proposal is not None)


@app.command()
def accept(
    name: Name,
    *,
    start: Annotated[
        str | None, typer.Option("--start", help="First day, such as 2026-12-01; default: tomorrow.")
    ] = None,
    interim: Annotated[
        int | None,
        typer.Option(
            "--interim",
            "--looks",  # the name in earlier versions
            min=0,
            help="Number of interim analyses, at which the trial may stop early; default: none.",
        ),
    ] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept a proposal: its protocol is frozen, and the trial starts on its first day."""
    command = partial(service.accept, name=name, start=_parse_day(start), interim=interim)
    result = _run_command(person, command, as_json=as_json)
    # Typed a second time the command changes nothing: the first time said what to do next.
    if not as_json and result.changed:
        console.print(
            "Each day: [b]santorio trial today[/b]. Afterwards: [b]santorio run[/b], then "
            f"[b]santorio trial report {result.status.trial}[/b].",
            soft_wrap=True,
        )


@app.command()
def decline(name: Name, *, reason: Reason, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Decline a proposal: it is not proposed again without a reason."""
    _run_command(person, partial(service.decline, name=name, reason=reason), as_json=as_json)


@app.command()
def today(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Show what to do today, and what to log."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        reader = resolve_person(connection, settings, person)
        day = local_time.today(connection, reader, dt.datetime.now(dt.UTC))
        statuses = load_trial_statuses(connection, reader, day)
    shown = [status for status in statuses if status.state.name in OPEN or _is_news(status, day)]
    tasks = [trial_task(status, day) for status in shown]
    if as_json:
        print_json({"day": day, "trials": tasks})
        return
    if not tasks:
        console.print("No trial is open. [b]santorio trial list[/b] shows what is proposed.")
    for task in tasks:
        print_task(task, day)


def _is_news(status: TrialStatus, day: dt.date) -> bool:
    """Whether a trial waits for its analysis, or was answered recently."""
    state = status.state
    if state.name in {"analysed", "stopped_early"}:
        return state.since is not None and (day - state.since).days <= NEWS_DAYS
    return state.name == "completed"


@app.command()
def log(
    name: Name,
    *,
    done: Annotated[bool, typer.Option("--done/--not-done", help="Whether the day followed its arm.")],
    day: Day = None,
    note: Annotated[str | None, typer.Option("--note", help="Anything worth remembering.")] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log whether a day followed its arm."""
    command = partial(service.log_day, name=name, done=done, day=_parse_day(day), note=note)
    _run_command(person, command, as_json=as_json)


@app.command()
def pause(
    name: Name,
    *,
    days: Annotated[int, typer.Option("--days", help="Length of the pause.")] = 7,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a trial, as for a holiday or an illness: the remaining days move."""
    _run_command(person, partial(service.pause, name=name, days=days), as_json=as_json)


@app.command()
def resume(name: Name, *, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Resume a paused trial."""
    _run_command(person, partial(service.resume, name=name), as_json=as_json)


@app.command()
def abandon(name: Name, *, reason: Reason, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Abandon a trial: nothing is decided from a part of it."""
    _run_command(person, partial(service.abandon, name=name, reason=reason), as_json=as_json)


@app.command()
def deviation(
    name: Name,
    *,
    what: Annotated[str, typer.Option("--what", help="What differed from the protocol.")],
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a deviation from the protocol."""
    _run_command(person, partial(service.record_deviation, name=name, what=what), as_json=as_json)


@app.command()
def report(
    name: Name,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; default: NAME-report.html.")
    ] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a trial's report, one HTML page to read or to print, from its newest analysis."""
    # Imported here: the report needs Matplotlib, which no other command of a trial should wait for.
    from santorio.trials.report.build import build_report
    from santorio.trials.report.data import load_report_data
    from santorio.trials.report.text import answer_text

    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        reader = resolve_person(connection, settings, person)
        day = local_time.today(connection, reader, dt.datetime.now(dt.UTC))
        data = load_report_data(connection, open_object_store(settings), reader, name, day)
    file = output or Path(f"{data.trial.name}-report.html")
    with output_errors(file):
        file.write_text(build_report(data), encoding="utf-8")
    if as_json:
        print_json(
            {
                "trial": data.trial.name,
                "file": file,
                "stage": data.stage,
                "answer": answer_text(data),
                "run_id": data.run.run_id,
            }
        )
        return
    console.print(escape(answer_text(data)), highlight=False)
    console.print(f"\n{escape(str(file))}: open it in a browser.", highlight=False, soft_wrap=True)


@app.command()
def withdraw(
    intervention: Annotated[str, typer.Argument(help="The name of an intervention that you wrote.")],
    *,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw an intervention that you wrote: it is not proposed any more."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            reader = resolve_person(connection, settings, person)
        changed = withdraw_intervention(database, reader, intervention)
    if as_json:
        print_json({"changed": changed, "intervention": intervention})
        return
    message = "It is withdrawn" if changed else "It was withdrawn before"
    console.print(
        f"{message}; `santorio run` proposes without it. To bring it back, change its file and import that."
    )


def _run_command(
    person: str | None, command: Callable[..., CommandResult], *, as_json: bool
) -> CommandResult:
    """Run a command of `service` for a person today, and print its result."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            reader = resolve_person(connection, settings, person)
            day = local_time.today(connection, reader, dt.datetime.now(dt.UTC))
        result = command(database, reader, today=day)
    state = result.status.state
    if as_json:
        print_json(
            {
                "changed": result.changed,
                "message": result.message,
                "trial": result.status.trial,
                "state": state.name,
                "sha256": state.sha256,
            }
        )
    else:
        mark = "[green]✓[/green]" if result.changed else "[dim]=[/dim]"
        console.print(f"{mark} {escape(result.message)}", highlight=False, soft_wrap=True)
    return result


def _parse_day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidCommand(f"“{text}” is not a date.", hint="Write it as 2026-12-01.") from None

"""`santorio trial accept|decline|today|log|pause|resume|abandon|deviation`: what a person does with a trial."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from santorio import local_time
from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.errors import output_errors
from santorio.metrics import label
from santorio.people import Person
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.storage.object_store import open_object_store
from santorio.trials import service
from santorio.trials.interventions.catalog import MEASURE
from santorio.trials.interventions.custom import withdraw as withdraw_lever
from santorio.trials.lifecycle import OPEN, Refused
from santorio.trials.repository import Standing, read_standings
from santorio.trials.service import Step

# Older days without a word are not asked for again every day.
ASKED_DAYS = 7
# So long an answer is news.
NEWS_DAYS = 14
# A trial is over two days after the outcome of its last day: see `Trial.ended`.
FULL_DAYS = 2

Name = Annotated[str, typer.Argument(help="The trial's or the proposal's name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a few words.")]
Day = Annotated[str | None, typer.Option("--day", help="Which day, such as 2026-12-01; today without it.")]


def accept(
    name: Name,
    *,
    start: Annotated[
        str | None, typer.Option("--start", help="First day, such as 2026-12-01; tomorrow without it.")
    ] = None,
    looks: Annotated[
        int | None,
        typer.Option(
            "--looks", min=0, help="Planned looks, at which it may end before its last day; none without it."
        ),
    ] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept a proposal: its protocol is frozen, and it begins on its first day."""
    first = _day(start)

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.accept(database, somebody, name, start=first, today=today, looks=looks)

    done = _do(person, step, as_json=as_json)
    if not as_json and done.changed:
        console.print(
            "Each day: [b]santorio trial today[/b]. Afterwards: [b]santorio run[/b], then "
            f"[b]santorio trial report {done.standing.trial}[/b].",
            soft_wrap=True,
        )


def decline(name: Name, *, reason: Reason, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Decline a proposal: it is not proposed again without a reason."""

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.decline(database, somebody, name, reason=reason, today=today)

    _do(person, step, as_json=as_json)


def log(
    name: Name,
    *,
    done: Annotated[bool, typer.Option("--done/--not-done", help="Whether the day followed its arm.")],
    day: Day = None,
    note: Annotated[str | None, typer.Option("--note", help="Anything worth remembering.")] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note whether a day was done as the trial asked."""
    which = _day(day)

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.log_day(
            database, somebody, name, done=done, day=which or today, note=note, today=today
        )

    _do(person, step, as_json=as_json)


def pause(
    name: Name,
    *,
    days: Annotated[int, typer.Option("--days", help="How long it rests.")] = 7,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a trial rest, as for a holiday or an illness: the days that are left move."""

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.pause(database, somebody, name, days=days, today=today)

    _do(person, step, as_json=as_json)


def resume(name: Name, *, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Go on with a trial that rests."""

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.resume(database, somebody, name, today=today)

    _do(person, step, as_json=as_json)


def abandon(name: Name, *, reason: Reason, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Give a trial up: nothing is decided from a part of it."""

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.abandon(database, somebody, name, reason=reason, today=today)

    _do(person, step, as_json=as_json)


def deviation(
    name: Name,
    *,
    what: Annotated[str, typer.Option("--what", help="What was done otherwise.")],
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that something was done otherwise than the protocol says."""

    def step(database: Database, somebody: Person, today: dt.date) -> Step:
        return service.deviate(database, somebody, name, what=what, today=today)

    _do(person, step, as_json=as_json)


def withdraw(
    lever: Annotated[str, typer.Argument(help="The name of a lever that you wrote.")],
    *,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a lever that you wrote: it is proposed no more."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            somebody = reading_person(connection, settings, person)
        changed = withdraw_lever(database, somebody, lever)
    if as_json:
        print_json({"changed": changed, "lever": lever})
        return
    said = "It is withdrawn" if changed else "It was withdrawn before"
    console.print(
        f"{said}; `santorio run` proposes without it. To bring it back, change its file and import that."
    )


def report(
    name: Name,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; NAME-report.html without it.")
    ] = None,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a trial's report, one HTML page to read or to print, from its newest analysis."""
    from santorio.trials.report.build import report_of
    from santorio.trials.report.data import read_account
    from santorio.trials.report.text import answer

    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        now = local_time.today(connection, somebody, dt.datetime.now(dt.UTC))
        account = read_account(connection, open_object_store(settings), somebody, name, now)
    file = output or Path(f"{account.trial.name}-report.html")
    with output_errors(file):
        file.write_text(report_of(account), encoding="utf-8")
    if as_json:
        print_json(
            {
                "trial": account.trial.name,
                "file": file,
                "stage": account.stage,
                "answer": answer(account),
                "run_id": account.run.run_id,
            }
        )
        return
    console.print(escape(answer(account)), highlight=False)
    console.print(f"\n{escape(str(file))}: open it in a browser.", highlight=False, soft_wrap=True)


def today(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Say what is to be done today, and what is asked."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        now = local_time.today(connection, somebody, dt.datetime.now(dt.UTC))
        tasks = [
            task(standing, now)
            for standing in read_standings(connection, somebody, now)
            if standing.life.state in OPEN or _is_news(standing, now)
        ]
    if as_json:
        print_json({"day": now, "trials": tasks})
        return
    if not tasks:
        console.print("No trial is open. [b]santorio trial list[/b] shows what is proposed.")
    for one in tasks:
        say_task(one, now)


def _is_news(standing: Standing, now: dt.date) -> bool:
    """Whether a trial is over and waits for its analysis, or was answered of late."""
    life = standing.life
    if life.state == "analysed":
        return life.since is not None and (now - life.since).days <= NEWS_DAYS
    return life.state == "completed"


def task(standing: Standing, now: dt.date) -> dict[str, object]:
    """What a trial asks of a day."""
    protocol, life = standing.protocol, standing.life
    assert protocol is not None  # noqa: S101 - what is open was accepted
    assert protocol.start_day is not None  # noqa: S101 - and has a first day
    arm = protocol.arm_of(now) if life.state == "running" else None
    lived = [
        day for place, told in enumerate(protocol.assignment)
        if told is not None and (day := protocol.start_day + dt.timedelta(days=place)) <= now
    ]  # fmt: skip
    stopped = life.stopped_after is not None
    lived = lived[: life.stopped_after]  # days after a look that ended it are no part of the answer
    over = stopped or (protocol.last_day is not None and now > protocol.last_day)
    return {
        "trial": standing.trial,
        "question": protocol.question,
        "state": life.state,
        "arm": arm,
        "study_day": len(lived) if arm is not None else None,
        "study_days": len(standing.frozen.drawn) if standing.frozen else len(protocol.drawn),
        "starts": protocol.start_day if life.state == "accepted" else None,
        "paused_until": life.paused_until if life.state == "paused" else None,
        "asked": protocol.adherence.ask if protocol.adherence else None,
        "over": over,
        "to_log": [day for day in lived[-ASKED_DAYS:] if day not in life.adhered],
        "rate": []
        if over
        else [one for one in (protocol.outcome, *protocol.secondary) if one.startswith(MEASURE)],
        "next": _next_step(standing) if over else _due_look(standing, now),
    }


def _due_look(standing: Standing, now: dt.date) -> str | None:
    """That a planned look waits for its analysis; None where none does."""
    protocol = standing.protocol
    for number in standing.looks_to_come if protocol else ():
        assert protocol is not None  # noqa: S101 - as just seen
        last = protocol.day_of(number)
        if last and last + dt.timedelta(days=protocol.lag_days + FULL_DAYS) <= now:
            return f"The planned look after {number} study days can be done: santorio run"
    return None


def _next_step(standing: Standing) -> str:
    """What leads on from the last day of a trial to its report."""
    report_of_it = f"santorio trial report {standing.trial}"
    if standing.life.stopped_after is not None:
        return (
            f"It ended at a planned look, after {standing.life.stopped_after} study days: {standing.life.decision}. "
            f"Its report: {report_of_it}"
        )
    if standing.life.state == "analysed":
        return f"It is answered: {standing.life.decision}. Its report: {report_of_it}"
    if standing.life.state == "completed":
        return f"Its last day is over. Analyse: santorio run. Then: {report_of_it}"
    lag = standing.protocol.lag_days if standing.protocol else 0
    last = standing.protocol.last_day if standing.protocol else None
    ready = last + dt.timedelta(days=lag + FULL_DAYS) if last else None
    return f"Its last day is over. From {ready} on, analyse: santorio run. Then: {report_of_it}"


def say_task(one: dict[str, object], now: dt.date) -> None:
    """Print what a trial asks of a day."""
    name = str(one["trial"])
    console.print(f"[b]{escape(str(one['question']))}[/b]  ({name})", highlight=False)
    if one["starts"]:
        console.print(f"  It begins on {one['starts']}.", highlight=False)
        return
    if one["paused_until"]:
        console.print(f"  It rests until {one['paused_until']}.", highlight=False)
        return
    if one["arm"]:
        console.print(
            f"  Today, day {one['study_day']} of {one['study_days']}: [b]{escape(str(one['arm']))}[/b].",
            highlight=False,
        )
    elif one["state"] == "running" and not one["over"]:
        console.print("  Today is no study day.")
    rate, to_log = one["rate"], one["to_log"]
    assert isinstance(rate, list)  # noqa: S101 - built above
    assert isinstance(to_log, list)  # noqa: S101 - built above
    for measure in rate:
        known = label(str(measure).removeprefix(MEASURE))
        console.print(f"  Rate your {known}, and log it as a measure (docs/logs.md).", highlight=False)
    if to_log:
        which = "" if to_log[-1] == now else f" --day {to_log[-1]}"
        console.print(
            f"  When the day is over: {escape(str(one['asked'] or 'Was it done?'))} "
            f"santorio trial log {name} --done (or --not-done){which}",
            highlight=False,
            soft_wrap=True,
        )
        if len(to_log) > 1:
            console.print(f"  Not logged yet: {', '.join(map(str, to_log))}.", highlight=False)
    if one["next"]:
        console.print(f"  {escape(str(one['next']))}", highlight=False, soft_wrap=True)


def _do(person: str | None, step: Callable[[Database, Person, dt.date], Step], *, as_json: bool) -> Step:
    """Take one step and say what it did."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            somebody = reading_person(connection, settings, person)
            now = local_time.today(connection, somebody, dt.datetime.now(dt.UTC))
        done = step(database, somebody, now)
    if as_json:
        print_json(
            {
                "changed": done.changed,
                "said": done.said,
                "trial": done.standing.trial,
                "state": done.standing.life.state,
                "sha256": done.standing.life.sha256,
            }
        )
    else:
        mark = "[green]✓[/green]" if done.changed else "[dim]=[/dim]"
        console.print(f"{mark} {escape(done.said)}", highlight=False, soft_wrap=True)
    return done


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused(f"“{text}” is no date.", hint="Write it as 2026-12-01.") from None

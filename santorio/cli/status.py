"""`santorio status`, `santorio trial list|show`: what is known, in words or as JSON."""

import datetime as dt
from typing import Annotated

import psycopg
import typer
from psycopg.rows import dict_row
from rich.markup import escape
from rich.table import Table

from santorio.cli.console import JsonOption, PersonOption, console, print_json, reading_person
from santorio.cli.demo_summary import interval, published
from santorio.errors import NotFound
from santorio.ingest.garmin.account import Account, State, accounts
from santorio.local_time import today
from santorio.metrics import label
from santorio.people import Person, all_people
from santorio.rendering.text import join_words
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.event_log import UNDATED
from santorio.trials.adherence import Adhered, read_adherence, share
from santorio.trials.analysis.preprocessing import MIN_DAYS_PER_ARM
from santorio.trials.preregistration import Registration, read_versions, register
from santorio.trials.protocol_validation import slug
from santorio.trials.report.interim_text import correction_words, look_words
from santorio.trials.repository import Standing, read_standing, read_standings

CONTROL_SAYS = {
    "nothing found": "as it should be, nothing was found",
    "something found": "something was found where nothing can be: distrust this trial's answer",
}

trials = typer.Typer(help="Trials that run, ran, or are proposed.", no_args_is_help=True)


def status(*, as_json: JsonOption = False) -> None:
    """Say what is there: people, events, days, runs of the models, and what waits for a fix."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        garmin = {account.user_id: account for account in accounts(connection)}
        people = [
            {**about(connection, person), "garmin": _garmin_document(garmin[person.user_id])}
            for person in all_people(connection)
        ]
    document = {"home": settings.home, "people": people}
    if as_json:
        print_json(document)
        return
    say_status(document)


def about(connection: psycopg.Connection, person: Person) -> dict[str, object]:
    """Count what there is of a person.

    What is about no day (settings, devices) makes no first day, and what is planned for a day (a trial's protocol) no
    last. A payload that says which day it is of is of that day: a night belongs to the day of waking.
    """
    cursor = connection.cursor(row_factory=dict_row).execute(
        r"""
        select count(distinct event_id) as events,
               min(day) filter (where is_dated) as first_day,
               max(day) filter (where is_dated) as last_day, max(ingested_at) as newest_at,
               (select count(*) from ops.rejected_records where user_id = %(who)s and status = 'open') as rejected_open,
               (select count(*) from analysis.runs where user_id = %(who)s and status = 'accepted')
                 as fits_accepted,
               (select count(*) from analysis.runs where user_id = %(who)s and status = 'rejected')
                 as fits_rejected
        from (
          select event_id, ingested_at,
                 time > %(undated)s + interval '1 day'
                   and (source <> 'trial' or event_type = 'trial.day') as is_dated,
                 case when metadata ->> 'day' ~ '^\d{4}-\d\d-\d\d$' then (metadata ->> 'day')::date
                      when utc_offset is null then (time at time zone %(zone)s)::date
                      else ((time at time zone 'UTC') + utc_offset)::date end as day
          from raw.events where user_id = %(who)s
        ) as events
        """,
        {"who": person.user_id, "zone": person.timezone, "undated": UNDATED},
    )
    return {"name": person.name, **(cursor.fetchone() or {})}


def _garmin_document(account: Account) -> dict[str, object]:
    return {
        "state": account.state,
        "reason": account.reason,
        "region": account.region,
        "what": account.what,
        "what_to_do": account.what_to_do,
        "awaits_code": account.awaits_code,
        "changed_at": account.changed_at,
        "rotated_at": account.rotated_at,
    }


def say_status(document: dict[str, object]) -> None:
    """Print who is there and how far they are."""
    people = document["people"]
    assert isinstance(people, list)  # noqa: S101 - built above
    if not people:
        console.print("There is no data yet. Type [b]santorio demo[/b] or [b]santorio import PATH[/b].")
        return
    table = Table(title=f"What is in {document['home']}", title_justify="left")
    for heading in ("Person", "Events", "First day", "Last day", "Newest arrived", "Fits", "To fix"):
        table.add_column(heading)
    for row in people:
        newest = row["newest_at"]
        table.add_row(
            row["name"], f"{row['events']:,}", _short(row["first_day"]), _short(row["last_day"]),
            f"{_short(newest)} {newest:%H:%M %Z}" if newest else "", str(row["fits_accepted"]),
            str(row["rejected_open"]),
        )  # fmt: skip
    console.print(table)
    for row in people:
        garmin = row["garmin"]
        if garmin["state"] != State.DISCONNECTED:
            mark = "[green]✓[/green]" if garmin["state"] == State.CONNECTED else "[yellow]![/yellow]"
            said = f"{mark} {row['name']}: {garmin['what']} {garmin['what_to_do']}"
            console.print(said, highlight=False, soft_wrap=True)


def _short(day: dt.date | None) -> str:
    """Return a day that fits into a column, such as 5 Nov 2026."""
    return f"{day:%-d %b %Y}" if day else ""


@trials.command("list")
def list_trials(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """List the trials with their verdicts, and the experiments proposed."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        results = published(connection, "trial_results", "trial, is_primary desc, outcome", somebody)
        proposals = published(connection, "proposals", "rank", somebody)
        waiting = waiting_trials(connection, somebody)
        standings = read_standings(connection, somebody, today(connection, somebody, dt.datetime.now(dt.UTC)))
    lives = [one.life for one in standings if one.life.state != "proposed"]
    if as_json:
        print_json(
            {
                "trials": results,
                "waiting": waiting,
                "proposals": proposals,
                "lives": [life.as_json() for life in lives],
            }
        )
        return
    table = Table(title="Trials", title_justify="left")
    for heading in ("Trial", "Outcome", "Effect, with 95 % interval", "Verdict"):
        table.add_column(heading)
    for row in results:
        table.add_row(
            str(row["trial"]),
            label(str(row["outcome"])) + _role(row),
            f"{interval(row)} {row['unit']}",
            str(row["decision"]),
        )
    console.print(table if results else "No trial has been analysed yet.")
    for row in waiting:
        console.print(say_waiting(row))
    for life in lives:
        console.print(life.sentence, highlight=False)
    table = Table(title="Proposed", title_justify="left")
    for heading in ("", "Question", "Days", "Name"):
        table.add_column(heading)
    for row in proposals:
        table.add_row(str(row["rank"]), str(row["question"]), str(row["days_needed"]), str(row["slug"]))
    if proposals:
        console.print(table)


@trials.command("show")
def show_trial(
    name: Annotated[str, typer.Argument(help="A trial's or a proposal's name.")],
    *,
    person: PersonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of one trial, or the schedule of one proposal."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        somebody = reading_person(connection, settings, person)
        results = published(connection, "trial_results", "is_primary desc, outcome", somebody)
        proposals = published(connection, "proposals", "rank", somebody)
        waiting = [row for row in waiting_trials(connection, somebody) if row["trial"] in {name, slug(name)}]
        registration = registration_of(connection, somebody, slug(name))
        plan = proposed_protocol(connection, somebody, name)
        now = today(connection, somebody, dt.datetime.now(dt.UTC))
        standing = read_standing(connection, somebody, name, now)
        said = standing.life.adhered
        followed = read_adherence(connection, somebody, slug(name), standing.protocol, said, now)
    found = [row for row in results if row["trial"] in {name, slug(name)}]
    proposed = [row for row in proposals if row["slug"] == name]
    is_known = standing.life.state != "unknown"
    if not found and not proposed and not waiting and not is_known:
        raise NotFound(f"There is no trial called “{name}”.", hint="`santorio trial list` names them.")
    if as_json:
        print_json(
            {
                "results": found,
                "waiting": waiting[0] if waiting else None,
                "protocol": registration.as_json() if registration else None,
                "proposal": {**proposed[0], "protocol": plan} if proposed else None,
                "life": standing.life.as_json() if is_known else None,
                "adherence": followed,
                "looks": standing.looks.done,
                "looks_to_come": standing.looks_to_come,
                "frozen_protocol": standing.frozen.document() if standing.frozen else None,
            }
        )
        return
    if is_known:
        say_life(standing, followed)
    elif standing.looks.done:  # a protocol that was imported, and not accepted here
        say_looks(standing)
    for row in found:
        say_result(row)
    if found:
        console.print(f"Its report: [b]santorio trial report {found[0]['trial']}[/b]\n", soft_wrap=True)
    for row in waiting:
        console.print(say_waiting(row))
    if registration:
        console.print(f"{registration.sentence()}\n", highlight=False)
    for row in proposed:
        say_proposed(row, plan)


def say_proposed(row: dict[str, object], plan: dict[str, object] | None) -> None:
    """Print a proposal with its schedule, and how it is run or declined."""
    name = row["slug"]
    console.print(f"[b]{row['question']}[/b]  {row['days_needed']} days\n{row['why']}\n")
    schedule = row["schedule"]
    for entry in schedule if isinstance(schedule, list) else []:
        console.print("  " + "  ".join(str(value) for value in entry.values()), highlight=False)
    if plan:
        console.print(
            f"\nTo run it: [b]santorio trial accept {name}[/b] (it begins tomorrow; --start names another day). "
            f"If it is not for you: [b]santorio trial decline {name} --reason …[/b]",
            highlight=False,
            soft_wrap=True,
        )


def say_life(standing: Standing, followed: list[Adhered]) -> None:
    """Print where a trial stands, its frozen protocol, and how far its days followed their arms."""
    life = standing.life
    console.print(life.sentence + (f" {life.reason}" if life.reason else ""), highlight=False, markup=False)
    if standing.frozen is not None:
        console.print(f"  Protocol       SHA-256 {life.sha256}", highlight=False, soft_wrap=True)
    if (done := share(followed)) is not None:
        known = sum(one.done is not None for one in followed)
        console.print(f"  Adherence      {done:.0%} of {known} days of which it is known", highlight=False)
    say_looks(standing)
    for one in life.deviations:
        console.print(f"  Deviation      {one.day}: {one.what}", highlight=False, markup=False)
    console.print()


def say_looks(standing: Standing) -> None:
    """Print what was found at planned looks, and which are to come."""
    for look in standing.looks.done:
        console.print(f"  Look           {look_words(look)}", highlight=False, markup=False, soft_wrap=True)
    if standing.looks_to_come:
        days = join_words([str(one) for one in standing.looks_to_come])
        console.print(f"  Look           planned after {days} study days", highlight=False)
    if corrected := correction_words(standing.looks):
        console.print(f"  Corrected      {corrected}", highlight=False, markup=False, soft_wrap=True)


def waiting_trials(connection: psycopg.Connection, person: Person) -> list[dict[str, object]]:
    """Trials of which nothing could be published yet, with what the newest attempt said against it, if any."""
    with connection.cursor(row_factory=dict_row) as cursor:
        if cursor.execute("select to_regclass('marts.trials') as found").fetchone() == {"found": None}:
            return []  # before the first run
        return cursor.execute(
            """
            select trial, outcome, start_day, last_day, study_days,
                   (select reason from analysis.runs run
                    where run.user_id = known.user_id and run.kind = 'trial' and run.target = known.trial
                    order by created_at desc limit 1) as reason
            from marts.trials known
            where user_id = %(who)s and not exists (
              select from analysis.runs run where run.user_id = known.user_id and run.kind = 'trial'
                and run.target = known.trial and run.status = 'accepted')
            order by trial
            """,
            {"who": person.user_id},
        ).fetchall()


def proposed_protocol(connection: psycopg.Connection, person: Person, slug: str) -> dict[str, object] | None:
    """The protocol of a proposal, to be imported with a first day: a trial judged by another law is another trial."""
    row = connection.execute(
        """
        select diagnostics -> 'protocols' -> %s from analysis.runs
        where user_id = %s and kind = 'proposals' and status = 'accepted' order by created_at desc limit 1
        """,
        [slug, person.user_id],
    ).fetchone()
    return row[0] if row else None


def registration_of(connection: psycopg.Connection, person: Person, trial: str) -> Registration | None:
    """When a trial's protocol was recorded and changed; None where its days are not known."""
    if connection.execute("select to_regclass('marts.trial_days')").fetchone() == (None,):
        return None  # before the first run
    days = connection.execute(
        "select first_day from marts.trial_days where user_id = %s and trial = %s", [person.user_id, trial]
    ).fetchall()
    versions = read_versions(connection, person).get(trial, [])
    return register(versions, [day for (day,) in days]) if days else None


def say_waiting(row: dict[str, object]) -> str:
    """One line about a trial without an answer."""
    why = row["reason"] or (
        f"it is analysed once each arm has {MIN_DAYS_PER_ARM} days with a value of {label(str(row['outcome']))}"
        if row["outcome"] and row["study_days"]
        else "it has no schedule or no outcome yet"
    )
    days, reason = row["study_days"], escape(str(why).rstrip("."))
    return f"[b]{escape(str(row['trial']))}[/b]  {days} days planned. No answer yet: {reason}."


def _role(row: dict[str, object]) -> str:
    """What an outcome is for its trial, where it is not what the trial asks."""
    if row["is_negative_control"]:
        return " (negative control)"
    return "" if row["is_primary"] else " (secondary)"


def say_result(row: dict[str, object]) -> None:
    """Print one outcome of a trial in full."""
    repeats, p = row["probability_repeats"], row["randomisation_p"]
    console.print(
        f"[b]{row['trial']}: {row['arm']} against {row['reference_arm']}, {label(str(row['outcome']))}[/b]"
        f"{_role(row)}\n"
        f"  Days           {row['days_arm']} and {row['days_reference']}, {row['cycles']} cycles\n"
        f"  Daily means    {row['mean_arm']:.2f} and {row['mean_reference']:.2f} {row['unit']}, "
        f"difference {row['raw_difference']:+.2f}\n"
        f"  Effect         {interval(row)} {row['unit']}\n"
        f"  Chance of      more than +{row['smallest_effect']:g}: {row['probability_above']:.0%}   "
        f"within ±{row['smallest_effect']:g}: {row['probability_within']:.0%}   "
        f"less than −{row['smallest_effect']:g}: {row['probability_below']:.0%}\n"
        + (f"  Repeats        {repeats:.0%}\n" if repeats is not None else "")
        + (f"  Randomisation  p = {p:.3f}\n" if p is not None else "")
        + f"  Verdict        [b]{CONTROL_SAYS.get(str(row['decision']), row['decision'])}[/b]\n",
        highlight=False,
    )

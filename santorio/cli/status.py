"""`santorio status`: people, events, days, model runs, and rejected records."""

import datetime as dt

import psycopg
from psycopg.rows import dict_row
from rich.table import Table

from santorio.cli.console import JsonOption, console, print_json
from santorio.ingest.garmin.account import Account, State, accounts
from santorio.people import Person, all_people
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.event_log import UNDATED


def status(*, as_json: JsonOption = False) -> None:
    """Show what the data directory holds: people, events, days, model runs, and rejected records."""
    settings = load_settings()
    people = []
    with open_database(settings) as database, database.connect() as connection:
        garmin = {account.user_id: account for account in accounts(connection)}
        for person in all_people(connection):
            counts = count_records(connection, person)
            people.append({**counts, "garmin": _garmin_document(garmin[person.user_id])})
    document = {"home": settings.home, "people": people}
    if as_json:
        print_json(document)
        return
    print_status(document)


def count_records(connection: psycopg.Connection, person: Person) -> dict[str, object]:
    """Count a person's events, days, model runs and rejected records.

    Events without a day (settings, devices) and events about a planned day (a trial's protocol) count neither for the
    first day nor for the last. A payload that states its day belongs to it: a night belongs to the day of waking.
    """
    cursor = connection.cursor(row_factory=dict_row).execute(
        r"""
        select count(distinct event_id) as events,
               min(day) filter (where is_dated) as first_day,
               max(day) filter (where is_dated) as last_day, max(ingested_at) as newest_at,
               (select count(*) from ops.rejected_records where user_id = %(user_id)s and status = 'open')
                 as rejected_open,
               (select count(*) from analysis.runs where user_id = %(user_id)s and status = 'accepted')
                 as fits_accepted,
               (select count(*) from analysis.runs where user_id = %(user_id)s and status = 'rejected')
                 as fits_rejected
        from (
          select event_id, ingested_at,
                 time > %(undated)s + interval '1 day'
                   and (source <> 'trial' or event_type = 'trial.day') as is_dated,
                 case when metadata ->> 'day' ~ '^\d{4}-\d\d-\d\d$' then (metadata ->> 'day')::date
                      when utc_offset is null then (time at time zone %(zone)s)::date
                      else ((time at time zone 'UTC') + utc_offset)::date end as day
          from raw.events where user_id = %(user_id)s
        ) as events
        """,
        {"user_id": person.user_id, "zone": person.timezone, "undated": UNDATED},
    )
    return {"name": person.name, **(cursor.fetchone() or {})}


def _garmin_document(account: Account) -> dict[str, object]:
    # Field by field: an account also has its encrypted login, which is never printed.
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


def print_status(document: dict[str, object]) -> None:
    """Print a table of people, then the state of their Garmin connections."""
    people = document["people"]
    assert isinstance(people, list)  # noqa: S101 - built above
    if not people:
        console.print("There is no data yet. Type [b]santorio demo[/b] or [b]santorio import PATH[/b].")
        return
    headings = ("Person", "Events", "First day", "Last day", "Newest arrived", "Fits", "To fix")
    table = Table(*headings, title=f"What is in {document['home']}", title_justify="left")
    for row in people:
        table.add_row(
            row["name"],
            f"{row['events']:,}",
            _format_day(row["first_day"]),
            _format_day(row["last_day"]),
            _format_instant(row["newest_at"]),
            str(row["fits_accepted"]),
            str(row["rejected_open"]),
        )
    console.print(table)
    for row in people:
        garmin = row["garmin"]
        if garmin["state"] == State.DISCONNECTED:
            continue
        mark = "[yellow]![/yellow]"
        if garmin["state"] == State.CONNECTED:
            mark = "[green]✓[/green]"
        line = f"{mark} {row['name']}: {garmin['what']} {garmin['what_to_do']}"
        console.print(line, highlight=False, soft_wrap=True)


def _format_day(day: dt.date | None) -> str:
    """A day that fits into a column, such as 5 Nov 2026."""
    return f"{day:%-d %b %Y}" if day else ""


def _format_instant(instant: dt.datetime | None) -> str:
    return f"{_format_day(instant)} {instant:%H:%M %Z}" if instant else ""

"""`santorio warehouse`: what the marts know, what waits to get into them, and what was known at a past instant."""

import datetime as dt
from typing import Annotated

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from santorio.cli.console import JsonOption, console, errors, print_json
from santorio.cli.run import run_pipeline, say_report
from santorio.errors import ConfigError
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database

app = typer.Typer(help="Look after the tables that everything is read from.", no_args_is_help=True)

STATE = """
select
  (select count(distinct event_id) from raw.change_queue) as events,
  (select count(distinct (user_id, day)) from raw.change_queue where day is not null) as days,
  (select count(*) from ops.models where built_at is not null) as models,
  (select obj_description(oid) from pg_namespace where nspname = 'past_marts') as past
"""


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Say when the marts were last published, what they know, and what waits to get into them."""
    with open_database(load_settings()) as database, database.connect() as connection:
        state = _state(connection)
    if as_json:
        print_json(state)
        return
    if state["published_at"] is None:
        console.print("Nothing was built yet: `santorio run` builds the marts.")
    else:
        console.print(
            f"Published {_moment(state['published_at'])}, with all that was known at {_moment(state['known_at'])}."
        )
        console.print(f"[dim]{state['models']} models, by {state['code_version']}[/dim]")
    if state["waiting_events"] or state["waiting_days"]:
        console.print(
            f"{state['waiting_events']:,} events and {state['waiting_days']:,} days of the ledger changed since: "
            "`santorio run` takes them in."
        )
    else:
        console.print("Nothing waits.")
    if state["past"]:
        console.print(f"[dim]past_marts: {state['past']}[/dim]")


def _state(connection: psycopg.Connection) -> dict[str, object]:
    counted = connection.execute(STATE).fetchone()
    newest = connection.execute(
        "select published_at, known_at, code_version from ops.builds where published_at is not null "
        "order by published_at desc limit 1"
    ).fetchone()
    assert counted is not None  # noqa: S101 - a select without from always gives a row
    published_at, known_at, code = newest or (None, None, None)
    return {
        "published_at": published_at, "known_at": known_at, "code_version": code, "waiting_events": counted[0],
        "waiting_days": counted[1], "models": counted[2], "past": counted[3],
    }  # fmt: skip


def _moment(value: object) -> str:
    assert isinstance(value, dt.datetime)  # noqa: S101 - a column of instants
    return value.astimezone().strftime("%-d %B %Y, %H:%M:%S")


@app.command()
def build(
    *,
    as_of: Annotated[
        str | None,
        typer.Option(help="As known at this instant: 2026-03-01 (its start, UTC) or 2026-03-01T12:00+01:00."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the marts up to date; with --as-of, build them beside today's as they would have been then."""
    if as_of is None:
        report = run_pipeline()
        print_json(report) if as_json else say_report(report)
        raise typer.Exit(1 if report["outcome"] == "failed" else 0)
    settings, at = load_settings(), _instant(as_of)
    with open_database(settings) as database:
        rows = _past(database, settings, at)
    if as_json:
        print_json({"as_of": at, "schema": "past_marts", "rows": rows})
        return
    table = Table("mart", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for mart, count in rows.items():
        table.add_row(mart, f"{count:,}")
    console.print(table)
    console.print(
        f"As known at {_moment(at)}, in the schema past_marts; the marts of today are as they were."
    )


def _past(database: Database, settings: Settings, at: dt.datetime) -> dict[str, int]:
    from santorio.warehouse.as_of import build_past

    columns = (TextColumn("Building what was known"), BarColumn(), MofNCompleteColumn(), TextColumn("models"))
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("", total=None)
        return build_past(
            database, at, settings.dbt_target,
            progress=lambda done, models: bar.update(task, completed=done, total=models),
        )  # fmt: skip


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            "--as-of is no instant.", hint="Write it as 2026-03-01 or 2026-03-01T12:00+01:00."
        ) from None
    from santorio.warehouse.as_of import past_instant

    return past_instant(instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC))

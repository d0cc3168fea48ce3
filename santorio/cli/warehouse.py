"""`santorio warehouse`: the state of the marts, building them, and building them as of a past instant."""

import datetime as dt
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from santorio.cli.console import JsonOption, console, print_json, progress_bar
from santorio.cli.run import print_report, run_pipeline
from santorio.errors import ConfigError
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database

app = typer.Typer(
    help="Inspect and build the marts, the tables that everything else reads.", no_args_is_help=True
)

# The queue has what changed since the last build; the comment on past_marts says as of when it was built.
STATE = """
select
  (select count(distinct event_id) from raw.change_queue) as events,
  (select count(distinct (user_id, day)) from raw.change_queue where day is not null) as days,
  (select count(*) from ops.models where built_at is not null) as models,
  (select obj_description(oid) from pg_namespace where nspname = 'past_marts') as past
"""


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Show when the marts were last published, up to which event, and how many changes they do not contain yet."""
    with open_database(load_settings()) as database, database.connect() as connection:
        state = _state(connection)
    if as_json:
        print_json(state)
        return
    if state["published_at"] is None:
        console.print("Nothing has been built yet: `santorio run` builds the marts.")
    else:
        console.print(
            f"Published {_format_instant(state['published_at'])}, "
            f"with all events until {_format_instant(state['known_at'])}."
        )
        console.print(f"[dim]{state['models']} models, by {state['code_version']}[/dim]")
    if state["waiting_events"] or state["waiting_days"]:
        console.print(
            f"{state['waiting_events']:,} events and {state['waiting_days']:,} days of the ledger have changed since: "
            "`santorio run` builds them."
        )
    else:
        console.print("Up to date.")
    if state["past"]:
        console.print(f"[dim]past_marts: {state['past']}[/dim]")


def _state(connection: psycopg.Connection) -> dict[str, object]:
    counts = connection.execute(STATE).fetchone()
    newest = connection.execute(
        "select published_at, known_at, code_version from ops.builds where published_at is not null "
        "order by published_at desc limit 1"
    ).fetchone()
    assert counts is not None  # noqa: S101 - a select without from always gives a row
    published_at, known_at, code = newest or (None, None, None)
    return {
        "published_at": published_at,
        "known_at": known_at,
        "code_version": code,
        "waiting_events": counts[0],
        "waiting_days": counts[1],
        "models": counts[2],
        "past": counts[3],
    }


def _format_instant(value: object) -> str:
    assert isinstance(value, dt.datetime)  # noqa: S101 - a column of instants
    return value.astimezone().strftime("%-d %B %Y, %H:%M:%S")


@app.command()
def build(
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Build as of this instant, such as 2026-03-01 (its start, UTC) or 2026-03-01T12:00+01:00."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the marts up to date; with --as-of, build them as of a past instant into the schema past_marts."""
    if as_of is None:
        report = run_pipeline()
        if as_json:
            print_json(report)
        else:
            print_report(report)
        if report["outcome"] == "failed":
            raise typer.Exit(1)
        return
    settings = load_settings()
    instant = _parse_instant(as_of)
    with open_database(settings) as database:
        rows = _build_as_of(database, settings, instant)
    if as_json:
        print_json({"as_of": instant, "schema": "past_marts", "rows": rows})
        return
    table = Table("mart", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for mart, count in rows.items():
        table.add_row(mart, f"{count:,}")
    console.print(table)
    console.print(
        f"Built as of {_format_instant(instant)} in the schema past_marts; the current marts are unchanged."
    )


def _build_as_of(database: Database, settings: Settings, instant: dt.datetime) -> dict[str, int]:
    from santorio.warehouse.as_of import build_past

    with progress_bar("Building the models as of then") as bar:
        return build_past(database, instant, settings.dbt_target, progress=bar.update)


def _parse_instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            "--as-of is not an instant.", hint="Write it as 2026-03-01 or 2026-03-01T12:00+01:00."
        ) from None
    from santorio.warehouse.as_of import past_instant

    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=dt.UTC)
    return past_instant(instant)

"""`santorio demo`: a simulated person goes the whole way, and one sees what Santorio makes of them."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from santorio.cli.console import JsonOption, console, errors, print_json
from santorio.cli.demo_summary import gather_summary, say_summary
from santorio.cli.run import run_pipeline, say_report
from santorio.ingest.importer import walk_files
from santorio.people import ensure_person
from santorio.settings import Settings, load_settings
from santorio.simulator import Truth, simulate
from santorio.storage.database.connect import open_database
from santorio.warehouse import start_parsing

PERSON = "demo"
SEED = 2614
TIMEZONE = "Europe/Berlin"


def demo(
    *,
    days: Annotated[int, typer.Option(min=90, max=3650, help="Days of life to simulate.")] = 180,
    as_json: JsonOption = False,
) -> None:
    """Simulate a person, study them, and show what was found beside what is true."""
    settings = load_settings()
    with open_database(settings) as database:  # held until the end: the server is started only once
        start_parsing(database)
        with database.connect() as connection:
            person = ensure_person(connection, PERSON, TIMEZONE)
        errors.print(f"[b]Simulating a person[/b], {days} days, with effects that are known to us …")
        truth = place_simulation(settings, days)
        errors.print("[b]Studying them[/b], as if they were real:")
        report = run_pipeline()
        if report["outcome"] == "failed":
            say_report(report)
            raise typer.Exit(1)
        summary = gather_summary(database, person, truth)
    if as_json:
        print_json({"summary": summary, "run": report})
        return
    say_summary(console, summary, settings)


def place_simulation(settings: Settings, days: int) -> Truth:
    """Put the simulated person's files into the inbox, as their watch and their hand would have.

    The life ends on the day the demo was first shown, so that showing it again adds nothing.
    """
    kept = settings.home / "simulated"
    last_day = _last_day(kept, days)
    folder = kept / "files"
    shutil.rmtree(folder, ignore_errors=True)
    truth = simulate(days=days, seed=SEED, last_day=last_day, timezone=TIMEZONE).write(folder)
    inbox = settings.inbox / PERSON
    inbox.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(walk_files(folder)):
        path.replace(inbox / f"{number:05d}-{path.name}")
    shutil.rmtree(folder)
    return truth


def _last_day(kept: Path, days: int) -> dt.date:
    kept.mkdir(parents=True, exist_ok=True)
    stated = kept / f"last_day_{days}.json"
    if not stated.exists():
        stated.write_text(json.dumps((dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()))
    return dt.date.fromisoformat(json.loads(stated.read_text()))

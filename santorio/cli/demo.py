"""`santorio demo`: simulates a person, analyses their data, and prints the results beside the true effects.

The summary is read from the read model, as the API reads it.
"""

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from santorio.cli.console import JsonOption, console, errors, print_json
from santorio.cli.formats import Row, format_amount, format_day, format_estimate, format_lag, number
from santorio.cli.run import print_report, run_pipeline
from santorio.cli.status import count_records
from santorio.ingest.importer import walk_files
from santorio.metrics import label
from santorio.people import Person, ensure_person
from santorio.settings import Settings, load_settings
from santorio.simulator import Truth, simulate
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database
from santorio.warehouse import read_model, start_parsing

PERSON = "demo"
# The same person every time.
SEED = 2614
TIMEZONE = "Europe/Berlin"
MAX_EFFECTS = 8


def demo(
    *,
    days: Annotated[int, typer.Option(min=90, max=3650, help="Days to simulate.")] = 180,
    as_json: JsonOption = False,
) -> None:
    """Simulate a person, analyse their data, and compare the results with the true effects."""
    settings = load_settings()
    with open_database(settings) as database:  # open until the end: the server starts only once
        start_parsing(database)
        with database.connect() as connection:
            person = ensure_person(connection, PERSON, TIMEZONE)
        errors.print(f"[b]Simulating a person[/b], {days} days, with known effects …")
        truth = place_simulation(settings, days)
        errors.print("[b]Analysing their data[/b] as if it were real:")
        report = run_pipeline()
        if report["outcome"] == "failed":
            print_report(report)
            raise typer.Exit(1)
        summary = read_summary(database, person, truth)
    if as_json:
        print_json({"summary": summary, "run": report})
        return
    print_summary(summary, settings)


def place_simulation(settings: Settings, days: int) -> Truth:
    """Put the simulated person's files into the inbox.

    The data ends the day before the demo first ran, so that running it again adds nothing.
    """
    simulated = settings.home / "simulated"
    last_day = _last_day(simulated, days)
    folder = simulated / "files"
    shutil.rmtree(folder, ignore_errors=True)
    truth = simulate(days=days, seed=SEED, last_day=last_day, timezone=TIMEZONE).write(folder)
    inbox = settings.inbox / PERSON
    inbox.mkdir(parents=True, exist_ok=True)
    for index, path in enumerate(walk_files(folder)):
        # Files in different folders may have the same name: the number keeps them apart in the inbox.
        path.replace(inbox / f"{index:05d}-{path.name}")
    shutil.rmtree(folder)
    return truth


def _last_day(simulated: Path, days: int) -> dt.date:
    simulated.mkdir(parents=True, exist_ok=True)
    file = simulated / f"last_day_{days}.json"
    if not file.exists():
        yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
        file.write_text(json.dumps(yesterday.isoformat()))
    return dt.date.fromisoformat(json.loads(file.read_text()))


@dataclass(frozen=True, slots=True)
class Summary:
    """The results of the demo as plain data."""

    gathered: Row
    effects: list[Row]
    trial: Row | None
    proposal: Row | None


def read_summary(database: Database, person: Person, truth: Truth) -> Summary:
    """Read a person's results and put the true effects beside them."""
    with database.connect() as connection:
        counts = count_records(connection, person)
        gathered = read_model.count_data(connection, person.user_id)
        effects = read_model.person_rows(connection, read_model.EFFECTS, person.user_id)
        trials = read_model.person_rows(connection, read_model.TRIALS, person.user_id)
    trial, proposal = None, None
    for row in trials:
        if row["result"] and trial is None:
            trial = {**_primary_result(row), "truth": truth.trials[0].value}
        if row["kind"] == "proposal" and proposal is None:
            proposal = row
    return Summary(
        gathered={**gathered, "events": counts["events"], "rejected": counts["rejected_open"]},
        effects=_with_truth(effects, truth),
        trial=trial,
        proposal=proposal,
    )


def _with_truth(effects: list[Row], truth: Truth) -> list[Row]:
    """The effects with their true values; a pair that the simulation does not link has an effect of zero."""
    true_effects = {(effect.exposure, effect.outcome): effect.value for effect in truth.effects}
    rows = []
    for row in effects:
        pair = (str(row["exposure"]), str(row["outcome"]))
        rows.append({**row, "truth": true_effects.get(pair, 0.0)})
    return rows


def _primary_result(trial: Row) -> Row:
    """The first result of a trial, which is that of the primary outcome."""
    results = trial["result"]
    assert isinstance(results, list)  # noqa: S101 - a column of JSON lists
    return {**results[0], "trial": trial["slug"]}


def print_summary(summary: Summary, settings: Settings) -> None:
    """Print the results."""
    print_gathered(summary.gathered)
    print_effects(summary.effects)
    if summary.trial:
        print_trial(summary.trial)
    if summary.proposal:
        print_proposal(summary.proposal)
    print_next_steps(settings, summary.trial)


def print_gathered(row: Row) -> None:
    """Print how much data there is, from when to when."""
    span = f"{format_day(row['first_day'])} to {format_day(row['last_day'])}"
    console.print(
        f"\n[b]Imported[/b]  {row['days']} days, {span}: {row['nights']} nights, {row['activities']} activities, "
        f"{row['events']:,} events; {row['rejected']} rejected files.\n"
    )


def print_effects(effects: list[Row]) -> None:
    """Print the strongest associations beside the true effects, which only a simulation knows."""
    # In posterior SDs, so that effects in different units compare.
    strongest = sorted(effects, key=lambda row: -abs(number(row["estimate"])) / number(row["sd"]))
    table = Table(title="Associations", title_justify="left", caption_justify="left")
    for heading in ("Exposure", "Outcome"):
        table.add_column(heading)
    for heading in ("Difference (95 % interval)", "Truth"):
        table.add_column(heading, justify="right")
    for row in strongest[:MAX_EFFECTS]:
        amount = format_amount(row["per_amount"], row["exposure_unit"])
        table.add_row(
            f"{amount} more {label(str(row['exposure']))}",
            f"{label(str(row['outcome']))}, {format_lag(row)}",
            f"{format_estimate(row)} {row['outcome_unit']}",
            f"{row['truth']:+.1f}",
        )
    table.caption = "Associations, not causes: only a trial can tell."
    console.print(table)


def print_trial(row: Row) -> None:
    """Print the result of a trial."""
    matters = number(row["probability_above"]) + number(row["probability_below"])
    outcome = label(str(row["outcome"])).capitalize()
    smallest_effect = f"{row['smallest_effect']:g} {row['unit']}"
    console.print(
        Panel(
            f"{row['days_arm']} days with {row['arm']}, {row['days_reference']} with {row['reference_arm']}.\n"
            f"{outcome}: {format_estimate(row)} {row['unit']}. "
            f"Probability that the effect matters (more than {smallest_effect} up or down): {matters:.0%}.\n"
            f"[b]Decision: {row['decision']}.[/b]  The truth: {row['truth']:+.1f} {row['unit']}.",
            title=f"The {row['trial']} trial",
            title_align="left",
        )
    )


def print_proposal(row: Row) -> None:
    """Print the proposal that ranks first, and why."""
    arms = row["arms"]
    assert isinstance(arms, list)  # noqa: S101 - a column of JSON lists
    names = " or ".join(map(str, arms))
    console.print(
        Panel(
            f"[b]{row['question']}[/b]\n{row['days_needed']} days, {names}, in random order.\n{row['why']}",
            title="The next trial proposed",
            title_align="left",
        )
    )


def print_next_steps(settings: Settings, trial: Row | None) -> None:
    """Print which commands to type next."""
    ui = f"http://{settings.api_host}:{settings.ui_port}"
    api = f"http://{settings.api_host}:{settings.api_port}"
    steps = [
        ("make serve", f"runs and lineage at {ui}, the API at {api}/docs"),
        ("santorio token --person demo", "a token for the API"),
        ("santorio import PATH…", "your own data; then: santorio run"),
        (str(settings.inbox / settings.person), "or put files here while it is up"),
    ]
    if trial:
        report = (f"santorio trial report {trial['trial']}", "the trial's report, to read or to print")
        steps.insert(0, report)
    console.print("[b]Next[/b]")
    for command, purpose in steps:
        console.print(f"  [cyan]{command}[/cyan]\n      {purpose}", soft_wrap=True, highlight=False)

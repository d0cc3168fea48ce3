"""What a person reads at the end of the demo: what was gathered, what was found beside what is true."""

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from santorio.local_time import in_words
from santorio.metrics import label
from santorio.people import Person
from santorio.settings import Settings
from santorio.simulator import Truth
from santorio.storage.database.engine import Database

EFFECTS_SHOWN = 8
NIGHTLY = {"sleep_minutes", "deep_sleep_minutes", "sleep_score", "hrv_rmssd_ms"}


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything the end of the demo says, as plain data."""

    gathered: dict[str, object]
    effects: list[dict[str, object]]
    trial: dict[str, object] | None
    proposal: dict[str, object] | None


def gather_summary(database: Database, person: Person, truth: Truth) -> Summary:
    """Read what was published about a person, and lay the truth beside it."""
    true = {(effect.exposure, effect.outcome): effect.value for effect in truth.effects}
    with database.connect() as connection:
        found = published(connection, "effects", "outcome, rank", person)
        trials = published(connection, "trial_results", "is_primary desc, trial", person)
        proposals = published(connection, "proposals", "rank", person)
        return Summary(
            gathered=gathered(connection, person),
            effects=[
                {**row, "truth": true.get((str(row["exposure"]), str(row["outcome"])), 0.0)} for row in found
            ],
            trial={**trials[0], "truth": truth.trials[0].value} if trials else None,
            proposal=proposals[0] if proposals else None,
        )


def gathered(connection: psycopg.Connection, person: Person) -> dict[str, object]:
    """Count what is known about a person."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            """
            select (select count(*) from marts.days where user_id = %(who)s and is_known) as days,
                   (select min(day) from marts.days where user_id = %(who)s) as first_day,
                   (select max(day) from marts.days where user_id = %(who)s) as last_day,
                   (select count(*) from marts.nights where user_id = %(who)s) as nights,
                   (select count(*) from marts.activities where user_id = %(who)s) as activities,
                   (select count(distinct event_id) from raw.events where user_id = %(who)s) as events,
                   (select count(*) from ops.rejected_records where user_id = %(who)s and status = 'open') as rejected
            """,
            {"who": person.user_id},
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row


def published(
    connection: psycopg.Connection, table: str, order: str, person: Person
) -> list[dict[str, object]]:
    """Rows of the newest accepted run of each target."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"""
            select result.* from analysis.{table} result
            where run_id in (
              select distinct on (kind, target) run_id from analysis.runs
              where user_id = %s and status = 'accepted' order by kind, target, created_at desc)
            order by {order}
            """,  # noqa: S608 - both names are literals of this module
            [person.user_id],
        ).fetchall()


def amount(row: dict[str, object]) -> str:
    """How much more of an exposure an effect is for."""
    return f"{row['per_amount']:g}" + ("" if row["exposure_unit"] == "load" else f" {row['exposure_unit']}")


def when(row: dict[str, object]) -> str:
    """When an outcome follows its exposure: a night belongs to the day of waking."""
    if not row["lag_days"]:
        return "that day"
    return "that night" if row["outcome"] in NIGHTLY else "the next day"


def interval(row: dict[str, object]) -> str:
    """An estimate with its 95 % interval, as people write it."""
    return f"{row['estimate']:+.1f}  ({row['lower_95']:+.1f} to {row['upper_95']:+.1f})"


def say_summary(console: Console, summary: Summary, settings: Settings) -> None:
    """Print the summary."""
    say_gathered(console, summary.gathered)
    say_effects(console, summary.effects)
    if summary.trial:
        say_trial(console, summary.trial)
    if summary.proposal:
        say_proposal(console, summary.proposal)
    say_next(console, settings, summary.trial)


def say_gathered(console: Console, row: dict[str, object]) -> None:
    """Say how much was gathered, from when to when."""
    console.print(
        f"\n[b]Gathered[/b]  {row['days']} days, {day_words(row['first_day'])} to {day_words(row['last_day'])}: "
        f"{row['nights']} nights, {row['activities']} activities, {row['events']:,} events; "
        f"{row['rejected']} files wait for a fix.\n"
    )


def day_words(day: object) -> str:
    """A date as people write it, where there is one."""
    return in_words(day) if isinstance(day, dt.date) else "no day yet"


def say_effects(console: Console, effects: list[dict[str, object]]) -> None:
    """Show the associations that stand out, beside the truth that only a simulation knows."""
    strongest = sorted(effects, key=lambda row: -abs(float(str(row["estimate"]))) / float(str(row["sd"])))
    table = Table(title="What seems to go with what", title_justify="left", caption_justify="left")
    for heading in ("After", "one sees in", "a difference of (95 % interval)", "truth"):
        table.add_column(heading, justify="left" if heading in {"After", "one sees in"} else "right")
    for row in strongest[:EFFECTS_SHOWN]:
        table.add_row(
            f"{amount(row)} more {label(str(row['exposure']))}",
            f"{label(str(row['outcome']))}, {when(row)}",
            f"{interval(row)} {row['outcome_unit']}",
            f"{row['truth']:+.1f}",
        )
    table.caption = "Associations, not causes: only an experiment can tell."
    console.print(table)


def say_trial(console: Console, row: dict[str, object]) -> None:
    """Say the verdict of a trial."""
    console.print(
        Panel(
            f"{row['days_arm']} days with {row['arm']}, {row['days_reference']} with {row['reference_arm']}.\n"
            f"{label(str(row['outcome'])).capitalize()}: {interval(row)} {row['unit']}. "
            f"Chance that it matters (more than {row['smallest_effect']:g} {row['unit']} up or down): "
            f"{float(str(row['probability_above'])) + float(str(row['probability_below'])):.0%}.\n"
            f"[b]Verdict: {row['decision']}.[/b]  The truth: {row['truth']:+.1f} {row['unit']}.",
            title=f"The {row['trial']} trial",
            title_align="left",
        )
    )


def say_proposal(console: Console, row: dict[str, object]) -> None:
    """Say which experiment comes next, and why."""
    arms = row["arms"]
    console.print(
        Panel(
            f"[b]{row['question']}[/b]\n{row['days_needed']} days, "
            f"{' or '.join(str(arm) for arm in arms) if isinstance(arms, list) else arms}, in random order.\n"
            f"{row['why']}",
            title="The next experiment proposed",
            title_align="left",
        )
    )


def say_next(console: Console, settings: Settings, trial: dict[str, object] | None) -> None:
    """Say where to look and what to type."""
    ui, api = (f"http://{settings.api_host}:{port}" for port in (settings.ui_port, settings.api_port))
    console.print("[b]Next[/b]")
    report = (
        [(f"santorio trial report {trial['trial']}", "the trial's report, to read or to print")]
        if trial
        else []
    )
    for command, what in (
        *report,
        ("make up", f"runs and lineage at {ui}, the API at {api}/docs"),
        ("santorio token --person demo", "a token for the API"),
        ("santorio import PATH…", "your own data; then: santorio run"),
        (str(settings.inbox / settings.person), "or drop files here while it is up"),
    ):
        console.print(f"  [cyan]{command}[/cyan]\n      {what}", soft_wrap=True, highlight=False)

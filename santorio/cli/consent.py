"""`santorio consent`: whether a person's results are pooled with those of other people here."""

import typer

from santorio.cli.console import JsonOption, PersonOption, console, print_json, resolve_person
from santorio.local_time import in_words
from santorio.privacy.consent import MEANING, read_consent, record_consent
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database

app = typer.Typer(
    help="Whether your results are pooled with those of other people here.", no_args_is_help=True
)


@app.command()
def show(*, person: PersonOption = None, as_json: JsonOption = False) -> None:
    """Show whether a person's results are pooled, and what that means."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        consent = read_consent(connection, subject.user_id)
    if as_json:
        print_json({"person": subject.name, "shares": consent.shares, "said_at": consent.decided_at})
        return
    if consent.shares:
        status, command = "are pooled", "withdraw"
    else:
        status, command = "are not pooled", "give"
    status += " with those of others here"
    if consent.decided_at:
        status += f" since {in_words(consent.decided_at.date())}"
    console.print(f"{subject.name}: your results {status}.", highlight=False)
    console.print(MEANING, highlight=False)
    console.print(f"To change it: [b]santorio consent {command}[/b]", highlight=False)


@app.command()
def give(*, person: PersonOption = None) -> None:
    """Allow your results to be pooled with those of other people here."""
    _record(person, shares=True)


@app.command()
def withdraw(*, person: PersonOption = None) -> None:
    """Withdraw the consent to pool your results."""
    _record(person, shares=False)


def _record(name: str | None, *, shares: bool) -> None:
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, name)
        changed = record_consent(connection, subject, shares=shares)
    if not changed:
        console.print(f"{subject.name}: unchanged.", highlight=False)
        return
    status = "are" if shares else "are no longer"
    console.print(
        f"{subject.name}: from the next run on ([b]santorio run[/b]) your results {status} pooled with those of "
        "others here.",
        highlight=False,
    )
    if shares:
        console.print(MEANING, highlight=False)
        console.print("[b]santorio consent withdraw[/b] takes it back at any time.", highlight=False)

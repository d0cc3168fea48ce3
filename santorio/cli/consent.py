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
    since = f" since {in_words(consent.decided_at.date())}" if consent.decided_at else ""
    stands = "are" if consent.shares else "are not"
    console.print(
        f"{subject.name}: your results {stands} pooled with those of others here{since}.", highlight=False
    )
    console.print(MEANING, highlight=False)
    turn = "withdraw" if consent.shares else "give"
    console.print(f"To change it: [b]santorio consent {turn}[/b]", highlight=False)


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
    stands = "are" if shares else "are no longer"
    console.print(
        f"{subject.name}: from the next study on ([b]santorio run[/b]) your results {stands} pooled with those of "
        "others here.",
        highlight=False,
    )
    if shares:
        console.print(MEANING, highlight=False)
        console.print("[b]santorio consent withdraw[/b] takes it back at any time.", highlight=False)

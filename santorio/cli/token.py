"""`santorio token`: creates tokens for the API."""

from typing import Annotated

import typer

from santorio.cli.console import JsonOption, PersonOption, print_json, resolve_person
from santorio.privacy.tokens import mint_token
from santorio.settings import load_settings
from santorio.storage.database.connect import open_database


def token(
    *,
    person: PersonOption = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until the token expires.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Create a token for the API: it reads one person's data and nothing else."""
    settings = load_settings()
    with open_database(settings) as database, database.connect() as connection:
        subject = resolve_person(connection, settings, person)
        encoded = mint_token(settings, subject, days=days)
    if as_json:
        print_json({"token": encoded, "person": subject.name, "days": days})
    else:
        typer.echo(encoded)

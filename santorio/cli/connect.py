"""`santorio connect garmin` and `santorio disconnect garmin`.

Secrets are never arguments: every user of the machine can read the arguments of a process.
"""

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from santorio.cli.console import PersonOption, console, resolve_person
from santorio.errors import ConfigError, GarminAuthError
from santorio.ingest.garmin import login
from santorio.ingest.garmin.account import Account, Region
from santorio.people import ensure_person
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database

connect = typer.Typer(help="Connect an account.", no_args_is_help=True)
disconnect = typer.Typer(help="Disconnect an account.", no_args_is_help=True)


@connect.callback()
@disconnect.callback()
def _subject() -> None:
    """Keep `garmin` a subcommand: Typer merges a group that has only one command into it."""


@connect.command("garmin")
def connect_garmin(
    *,
    person: PersonOption = None,
    email: Annotated[str | None, typer.Option(help="Email of the account; prompted for if missing.")] = None,
    china: Annotated[bool, typer.Option("--china", help="The account is on garmin.cn.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[bool, typer.Option("--code", help="Continue the login that waits for a code.")] = False,
    code_stdin: Annotated[
        bool, typer.Option("--code-stdin", help="The same, with the code from standard input.")
    ] = False,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read garminconnect's token JSON from standard input.")
    ] = False,
) -> None:
    """Log in to Garmin once; the login is stored encrypted, the password is not stored."""
    if password_stdin + code + code_stdin + token_stdin > 1:
        raise ConfigError("Use only one of --password-stdin, --code, --code-stdin and --token-stdin.")
    settings = load_settings()
    region = Region.CHINA if china else Region.GLOBAL
    with open_database(settings) as database:
        context = _login_context(database, settings, person, region)
        if token_stdin:
            account = login.use_token(context, _read_stdin("token"))
        elif code_stdin:
            account = login.enter_code(context, _read_stdin("code"))
        elif code:
            account = login.enter_code(context, _prompt("The code that Garmin sent"))
        else:
            # Before the prompts: a password that would have to wait is not asked for.
            login.check_login_allowed(context)
            email = email or str(typer.prompt("Email of the Garmin account"))
            password = _read_stdin("password") if password_stdin else _prompt("Password")
            account = login.log_in(context, email, password)
            # A script that pipes the password cannot answer a prompt: it continues with --code-stdin.
            if account.awaits_code and not password_stdin:
                account = login.enter_code(context, _prompt("The code that Garmin sent"))
        _print_account(account)


def _print_account(account: Account) -> None:
    # An error, so that a script notices that it is not connected yet.
    if account.awaits_code:
        raise GarminAuthError(
            "Garmin sent a code.", hint=f"Type `santorio connect garmin --person {account.name} --code`."
        )
    console.print(f"Garmin is connected for {account.name}.")


@disconnect.command("garmin")
def disconnect_garmin(*, person: PersonOption = None) -> None:
    """Delete a person's Garmin login; data that was fetched stays."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            subject = resolve_person(connection, settings, person)
        account = login.disconnect(database, subject)
    console.print(f"Garmin is disconnected for {account.name}; the data stays.")


def _login_context(
    database: Database, settings: Settings, name: str | None, region: Region
) -> login.LoginContext:
    with database.connect() as connection:
        person = ensure_person(connection, name or settings.person, settings.timezone_name)
    return login.LoginContext(database, settings, person, region)


def _prompt(what: str) -> SecretStr:
    return SecretStr(str(typer.prompt(what, hide_input=True)))


def _read_stdin(what: str) -> SecretStr:
    text = sys.stdin.read().strip("\r\n")
    if not text:
        raise ConfigError(f"There is no {what} on standard input.")
    return SecretStr(text)

"""`santorio connect garmin`, `santorio disconnect garmin`, `santorio rotate-key`.

No secret is taken as an argument: arguments can be read by every account of the machine.
"""

import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from santorio.cli.console import PersonOption, console, reading_person
from santorio.errors import ConfigError, GarminAuthError
from santorio.ingest.garmin import login
from santorio.ingest.garmin.account import Account, Region
from santorio.people import ensure_person
from santorio.privacy.key_rotation import rotate_master_key
from santorio.settings import Settings, load_settings
from santorio.storage.database.connect import open_database
from santorio.storage.database.engine import Database

connect = typer.Typer(help="Connect an account elsewhere.", no_args_is_help=True)
disconnect = typer.Typer(help="Forget the login of an account elsewhere.", no_args_is_help=True)


@connect.callback()
@disconnect.callback()
def _subject() -> None:
    """Keep `garmin` a word of its own: Typer folds a group of one command into it."""


@connect.command("garmin")
def connect_garmin(
    *,
    person: PersonOption = None,
    email: Annotated[str | None, typer.Option(help="The account's email; asked for without it.")] = None,
    china: Annotated[bool, typer.Option("--china", help="The account is at garmin.cn.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[bool, typer.Option("--code", help="Go on with the login that waits for a code.")] = False,
    code_stdin: Annotated[
        bool, typer.Option("--code-stdin", help="The same, with the code from standard input.")
    ] = False,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read garminconnect's token JSON from standard input.")
    ] = False,
) -> None:
    """Log in to Garmin once; the login is kept encrypted, the password is not kept."""
    if password_stdin + code + code_stdin + token_stdin > 1:
        raise ConfigError("Only one of --password-stdin, --code, --code-stdin and --token-stdin makes sense.")
    settings = load_settings()
    with open_database(settings) as database:
        context = _door(database, settings, person, Region.CHINA if china else Region.GLOBAL)
        if token_stdin:
            account = login.use_token(context, _read("token"))
        elif code_stdin:
            account = login.enter_code(context, _read("code"))
        elif code:
            account = login.enter_code(context, _ask("The code that Garmin sent"))
        else:
            login.check_login_allowed(context)  # nobody types a password to be told to wait
            email = email or str(typer.prompt("Email of the Garmin account"))
            password = _read("password") if password_stdin else _ask("Password")
            account = login.log_in(context, email, password)
            if account.awaits_code and not password_stdin:
                account = login.enter_code(context, _ask("The code that Garmin sent"))
        _say(account)


def _say(account: Account) -> None:
    if account.awaits_code:
        raise GarminAuthError(
            "Garmin sent a code.", hint=f"Type `santorio connect garmin --person {account.name} --code`."
        )
    console.print(f"Garmin is connected for {account.name}.")


@disconnect.command("garmin")
def disconnect_garmin(*, person: PersonOption = None) -> None:
    """Forget a person's Garmin login; what was fetched stays."""
    settings = load_settings()
    with open_database(settings) as database:
        with database.connect() as connection:
            somebody = reading_person(connection, settings, person)
        account = login.disconnect(database, somebody)
    console.print(f"Garmin is disconnected for {account.name}; the data stays.")


def rotate_key() -> None:
    """Change the master key; what was sealed under the old one is sealed under the new one."""
    settings = load_settings()
    with open_database(settings) as database:
        count = rotate_master_key(database, settings)
    console.print(f"The master key is changed. People whose keys are under it: {count}.", highlight=False)


def _door(database: Database, settings: Settings, name: str | None, region: Region) -> login.LoginContext:
    with database.connect() as connection:
        person = ensure_person(connection, name or settings.person, settings.timezone_name)
    return login.LoginContext(database, settings, person, region)


def _ask(what: str) -> SecretStr:
    return SecretStr(str(typer.prompt(what, hide_input=True)))


def _read(what: str) -> SecretStr:
    text = sys.stdin.read().strip("\r\n")
    if not text:
        raise ConfigError(f"No {what} came on standard input.")
    return SecretStr(text)

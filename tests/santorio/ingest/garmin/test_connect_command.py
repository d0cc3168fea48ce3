"""The commands: no secret among the arguments, a sentence for every failure, the state in `santorio status`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner, Result

from santorio.cli.main import app
from santorio.errors import SantorioError
from santorio.settings import Settings
from santorio.storage.database.engine import Database

EMAIL = "me@example.org"


@pytest.fixture
def variables(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    chosen = {
        "SANTORIO_HOME": str(settings.home),
        "SANTORIO_DATABASE_URL": database.url,
        "SANTORIO_GARMIN_URL": str(settings.garmin_url),
        "SANTORIO_TIMEZONE": "Europe/Berlin",
        "COLUMNS": "200",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def santorio(variables: dict[str, str]):
    runner = CliRunner()

    def run(*arguments: str, typed: str = "") -> Result:
        return runner.invoke(app, arguments, input=typed)

    return run


def status(santorio, person: str = "me") -> dict[str, object]:
    people = json.loads(santorio("status", "--json").stdout)["people"]
    return next(row["garmin"] for row in people if row["name"] == person)


def output(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, SantorioError)
    return str(result.exception)


def test_the_password_is_typed_unseen_and_connects(santorio, garmin) -> None:
    done = santorio("connect", "garmin", typed=f"{EMAIL}\n{garmin.accounts[0].password}\n")
    assert done.exit_code == 0, done.exception
    assert "Garmin is connected for me." in done.stdout
    assert garmin.accounts[0].password not in done.output
    assert (status(santorio)["state"], status(santorio)["what_to_do"]) == ("connected", "")
    assert "me: Garmin is connected." in santorio("status").stdout


def test_the_code_is_asked_for_where_garmin_wants_one(santorio, garmin) -> None:
    garmin.accounts[0].code = "123456"
    done = santorio("connect", "garmin", "--email", EMAIL, typed=f"{garmin.accounts[0].password}\n123456\n")
    assert done.exit_code == 0, done.exception
    assert "123456" not in done.output


def test_a_program_gives_password_and_code_on_standard_input_one_after_the_other(santorio, garmin) -> None:
    garmin.accounts[0].code = "123456"
    password = garmin.accounts[0].password
    first = santorio("connect", "garmin", "--email", EMAIL, "--password-stdin", typed=f"{password}\n")
    assert output(first) == "Garmin sent a code. Type `santorio connect garmin --person me --code`."
    assert status(santorio)["state"] == "needs_code"
    assert "Garmin waits for the code" in santorio("status").stdout
    assert santorio("connect", "garmin", "--code-stdin", typed="123456\n").exit_code == 0
    assert status(santorio)["state"] == "connected"


def test_a_token_connects_and_disconnecting_forgets_it(santorio, garmin) -> None:
    assert santorio("connect", "garmin", "--token-stdin", "--china", typed=garmin.token()).exit_code == 0
    assert (status(santorio)["state"], status(santorio)["region"]) == ("connected", "china")
    done = santorio("disconnect", "garmin")
    assert "Garmin is disconnected for me; the data stays." in done.stdout
    assert status(santorio)["state"] == "disconnected"


def test_a_wrong_password_is_a_sentence_and_a_state(santorio, garmin) -> None:
    wrong = santorio("connect", "garmin", "--email", EMAIL, "--password-stdin", typed="hunter2\n")
    assert output(wrong) == (
        "Garmin refused the email or the password. Type `santorio connect garmin --person me`."
    )
    assert "hunter2" not in wrong.output + str(wrong.exception)
    shown = santorio("status").stdout
    assert "me: Garmin needs a new login. Garmin refused the email or the password. Type" in shown
    assert (status(santorio)["state"], status(santorio)["reason"]) == ("needs_login", "refused")


def test_who_has_to_wait_is_told_before_a_password_is_asked_for(santorio, garmin) -> None:
    garmin.broken = {"/mobile": 429, "/sso": 429, "/portal": 429}
    limited = santorio("connect", "garmin", typed=f"{EMAIL}\n{garmin.accounts[0].password}\n")
    assert "Wait until" in output(limited)
    again = santorio("connect", "garmin")
    assert "has to wait" in output(again)
    assert "Email" not in again.output


def test_people_are_connected_by_name(santorio, garmin) -> None:
    garmin.add("you@example.org", profile_id=4712)
    for name, email in (("me", EMAIL), ("you", "you@example.org")):
        done = santorio(
            "connect",
            "garmin",
            "-p",
            name,
            "--email",
            email,
            "--password-stdin",
            typed=garmin.accounts[0].password,
        )
        assert done.exit_code == 0, done.exception
    assert [status(santorio, name)["state"] for name in ("me", "you")] == ["connected"] * 2


def test_two_ways_at_once_and_an_empty_input_are_refused(santorio, garmin) -> None:
    assert "only one of" in output(santorio("connect", "garmin", "--token-stdin", "--code-stdin"))
    assert "no token on standard input" in output(santorio("connect", "garmin", "--token-stdin", typed="\n"))
    assert garmin.requests == []


def test_the_master_key_is_changed_by_a_command_and_the_login_works_on(
    santorio, garmin, settings: Settings
) -> None:
    santorio("connect", "garmin", "--token-stdin", typed=garmin.token())
    before = settings.master_key_path.read_text()
    assert "encrypted with it: 1." in santorio("rotate-key").stdout
    assert settings.master_key_path.read_text() != before
    assert santorio("connect", "garmin", "--token-stdin", typed=garmin.token()).exit_code == 0


def test_there_is_no_argument_for_a_secret(santorio) -> None:
    for option in ("--password", "--token", "--code"):
        assert santorio("connect", "garmin", option, "hunter2").exit_code == 2


@pytest.fixture
def held(garmin) -> Iterator[tuple[Event, Event]]:
    """Garmin's answer to the first request for the profile is held back until the second event."""
    requested, go_on = Event(), Event()

    def wait(path: str) -> None:
        if path == "/userprofile-service/socialProfile":
            requested.set()
            go_on.wait(60)

    garmin.at_request = wait
    yield requested, go_on
    go_on.set()


def test_while_it_connects_no_list_of_processes_and_no_environment_shows_a_secret(
    variables: dict[str, str], garmin, held: tuple[Event, Event]
) -> None:
    requested, go_on = held
    token = garmin.token()
    process = subprocess.Popen(
        [sys.executable, "-m", "santorio.cli.main", "connect", "garmin", "--token-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    )
    assert process.stdin is not None
    process.stdin.write(token)
    process.stdin.close()
    process.stdin = None
    assert requested.wait(60)
    seen = b""
    for path in [Path(f"/proc/{process.pid}"), *Path("/proc").glob("[0-9]*")]:
        try:
            seen += (path / "cmdline").read_bytes()
            seen += (path / "environ").read_bytes() if path.name == str(process.pid) else b""
        except OSError:  # it ended, or is another account's
            continue
    go_on.set()
    output = "".join(process.communicate(timeout=60))
    assert process.returncode == 0, output
    assert b"connect\x00garmin\x00--token-stdin" in seen
    for secret in garmin.secrets:
        assert secret.encode() not in seen
        assert secret not in output

"""The whole way with the simulated Garmin: connect, fetch, be refused, recover."""

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from santorio.errors import GarminAuthError, GarminRateLimited, GarminUnavailable
from santorio.ingest.garmin.account import Reason, Region, State, account_of, session
from santorio.ingest.garmin.login import LoginContext, enter_code, log_in, use_token
from santorio.people import Person
from santorio.settings import Settings
from santorio.simulator import Simulation, simulate
from santorio.simulator.server import Account, Fault, GarminServer, run_server
from santorio.storage.database.engine import Database

LAST_DAY = dt.date(2026, 5, 31)
RENEWAL = "/di-oauth2-service"


@pytest.fixture(scope="module")
def life() -> Simulation:
    return simulate(days=30, seed=3, last_day=LAST_DAY)


@pytest.fixture
def simulated(life: Simulation) -> Account:
    return Account(email="me@example.org", password=uuid4().hex, simulation=life)


@pytest.fixture
def with_code(life: Simulation) -> Account:
    return Account(email="code@example.org", password=uuid4().hex, simulation=life, mfa_code="123456")


@pytest.fixture
def server(simulated: Account, with_code: Account, garmin) -> Iterator[GarminServer]:
    # `garmin` only takes the library's waiting away; this server answers.
    with run_server([simulated, with_code], now=dt.datetime(2026, 5, 31, 20, tzinfo=dt.UTC)) as running:
        yield running


@pytest.fixture
def context(database: Database, settings: Settings, person: Person, server: GarminServer) -> LoginContext:
    return LoginContext(
        database, settings.model_copy(update={"garmin_url": server.url}), person, Region.GLOBAL
    )


def state(context: LoginContext) -> tuple[State, Reason | None]:
    with context.database.connect() as connection:
        account = account_of(connection, context.person)
    return account.state, account.reason


def steps(context: LoginContext) -> int:
    with session(context.database, context.settings, context.person) as client:
        return int(client.get_user_summary(LAST_DAY.isoformat())["totalSteps"])


def renewals(server: GarminServer) -> int:
    return sum(path.startswith(RENEWAL) for _, path, _ in server.requests)


@pytest.mark.parametrize("region", list(Region))
def test_a_password_opens_the_account_and_its_days(
    context: LoginContext, simulated: Account, region: Region
) -> None:
    there = LoginContext(context.database, context.settings, context.person, region)
    assert log_in(there, simulated.email, SecretStr(simulated.password)).region is region
    assert steps(context) > 0


def test_the_code_that_a_later_command_enters_opens_the_account(
    context: LoginContext, with_code: Account
) -> None:
    assert log_in(context, with_code.email, SecretStr(with_code.password)).state is State.NEEDS_CODE
    with pytest.raises(GarminAuthError, match="refused the code"):
        enter_code(context, SecretStr("654321"))
    assert enter_code(context, SecretStr("123456")).state is State.CONNECTED
    assert steps(context) > 0


def test_a_wrong_password_is_refused_once(
    context: LoginContext, simulated: Account, server: GarminServer
) -> None:
    with pytest.raises(GarminAuthError, match="refused the email or the password"):
        log_in(context, simulated.email, SecretStr("hunter2"))
    assert [path for _, path, _ in server.requests] == ["/mobile/sso/en_US/sign-in", "/mobile/api/login"]
    assert state(context) == (State.NEEDS_LOGIN, Reason.REFUSED)


def test_a_login_that_is_limited_everywhere_ends_in_a_state_that_says_so(
    context: LoginContext, simulated: Account, server: GarminServer
) -> None:
    server.faults.add(*(Fault(kind="429", path=path, times=None) for path in ("/mobile", "/sso", "/portal")))
    with pytest.raises(GarminRateLimited):
        log_in(context, simulated.email, SecretStr(simulated.password))
    assert state(context) == (State.NEEDS_LOGIN, Reason.RATE_LIMITED)


def test_a_dead_access_token_is_renewed_and_the_work_goes_on(
    context: LoginContext, simulated: Account, server: GarminServer
) -> None:
    use_token(context, SecretStr(server.token(simulated)))
    for _ in range(2):
        server.tokens.expire(simulated)
        assert steps(context) > 0
    assert renewals(server) == 2


def test_a_revoked_login_stops_until_the_person_connects_again(
    context: LoginContext, simulated: Account, server: GarminServer
) -> None:
    use_token(context, SecretStr(server.token(simulated)))
    server.tokens.revoke(simulated)
    with pytest.raises(GarminAuthError, match="no longer accepts"):
        steps(context)
    requests = len(server.requests)
    with pytest.raises(GarminAuthError, match="Type `santorio connect garmin"):
        steps(context)
    assert len(server.requests) == requests
    log_in(context, simulated.email, SecretStr(simulated.password))
    assert steps(context) > 0


@pytest.mark.parametrize("kind", ["429", "503", "403", "html"])
def test_whatever_goes_wrong_with_a_renewal_the_login_is_there_afterwards(
    context: LoginContext, simulated: Account, server: GarminServer, kind: str
) -> None:
    use_token(context, SecretStr(server.token(simulated)))
    server.tokens.expire(simulated)
    server.faults.add(Fault(kind=kind, path=RENEWAL))
    with pytest.raises((GarminRateLimited, GarminUnavailable)):
        steps(context)
    assert state(context) == (State.CONNECTED, None)
    assert steps(context) > 0


def test_tokens_lost_on_their_way_here_cost_the_login_and_it_is_said(
    context: LoginContext, simulated: Account, server: GarminServer
) -> None:
    # Garmin has taken the old refresh token back, and the new one never came: only the person can help.
    use_token(context, SecretStr(server.token(simulated)))
    server.tokens.expire(simulated)
    server.faults.add(Fault(kind="cut", path=RENEWAL))
    with pytest.raises(GarminUnavailable):
        steps(context)
    with pytest.raises(GarminAuthError, match="no longer accepts"):
        steps(context)
    assert state(context) == (State.NEEDS_LOGIN, Reason.REVOKED)
    log_in(context, simulated.email, SecretStr(simulated.password))
    assert steps(context) > 0

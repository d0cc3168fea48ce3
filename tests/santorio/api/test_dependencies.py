"""Who may read what: one person a token, nothing without one, and nothing is ever written."""

import datetime as dt
import uuid

import jwt
import psycopg
import pytest
from fastapi.testclient import TestClient

from santorio.api.app import create_app
from santorio.api.repository import ApiRepository
from santorio.people import Person
from santorio.privacy.tokens import mint_token
from support.api_resources import COLLECTIONS

VALUE = {
    "days": "steps",
    "nights": "sleep_minutes",
    "activities": "duration_s",
    "effects": "estimate",
    "baselines": "median",
    "population": "mean",
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_two_people_see_as_many_rows_and_not_one_of_each_others(client_of, published, name):
    one, other = (
        client_of(person).get(f"/v1/{name}?limit=1000").json()["data"]
        for person in (published.one, published.other)
    )
    assert len(one) == len(other) > 0
    if name in VALUE:
        values = [[row[VALUE[name]] for row in rows] for rows in (one, other)]
        assert max(values[0]) < 900 < min(values[1])


def test_a_trial_of_the_same_name_is_the_persons_own(client_of, published):
    estimates = [
        client_of(person).get("/v1/trials/trial:magnesium").json()["data"]["result"][0]["estimate"]
        for person in (published.one, published.other)
    ]
    assert estimates == [0.75, 1000.75]


def test_a_cursor_of_someone_else_opens_nothing_of_theirs(client_of, published):
    cursor = client_of(published.other).get("/v1/days?limit=5").json()["next_cursor"]
    rows = client_of(published.one).get("/v1/days", params={"cursor": cursor}).json()["data"]
    assert max(row["steps"] for row in rows) < 900


@pytest.mark.parametrize("name", COLLECTIONS)
def test_somebody_unknown_sees_nothing(client_of, name):
    page = client_of(Person(uuid.uuid4(), "nobody", "UTC")).get(f"/v1/{name}").json()
    assert (page["data"], page["next_cursor"], page["meta"]["as_of"]) == ([], None, None)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_without_a_token_there_is_nothing(client_of, name):
    answer = client_of(None).get(f"/v1/{name}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="santorio"'


@pytest.mark.parametrize("header", ["Basic bWU6bWU=", "Bearer", "Bearer ", "Token x"])
def test_another_way_to_log_in_is_no_token(client_of, header):
    answer = client_of(None).get("/v1/days", headers={"Authorization": header})
    assert answer.status_code == 401


def test_an_expired_token_is_told_so(client_of, api_settings, published):
    now = dt.datetime.now(dt.UTC)
    claims = {
        "sub": str(published.one.user_id), "iss": "santorio", "aud": "santorio-api", "jti": "1", "scope": "read",
        "iat": now - dt.timedelta(days=2), "exp": now - dt.timedelta(days=1),
    }  # fmt: skip
    token = jwt.encode(claims, api_settings.jwt_secret.get_secret_value(), algorithm="HS256")
    answer = client_of(None).get("/v1/days", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_expired")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert token not in answer.text


def test_a_token_for_something_else_is_refused(client_of, api_settings, published):
    token = mint_token(api_settings, published.one, scopes=("write",))
    answer = client_of(None).get("/v1/days", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", ["/v1/days", "/v1/trials/trial:magnesium", "/health", "/ready"])
def test_no_address_can_be_written_to(client, method, address):
    answer = client.request(method, address)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "statement",
    ["create temporary table t (a int)", "delete from marts.days", "insert into api.days default values"],
)
def test_the_api_could_not_write_if_it_tried(published, statement):
    with (
        pytest.raises((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege)),
        ApiRepository(published.database.reader_url).transaction_for(published.one.user_id) as connection,
    ):
        connection.execute(statement)


@pytest.mark.parametrize("table", ["marts.days", "serving.days", "raw.events", "ops.people", "analysis.runs"])
def test_the_api_could_not_read_behind_its_views(published, table):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        ApiRepository(published.database.reader_url).transaction_for(published.one.user_id) as connection,
    ):
        connection.execute(f"select * from {table}")


def test_a_token_that_asks_too_often_is_told_when_to_come_back(api_settings, published):
    app = create_app(api_settings, published.database.reader_url, requests_per_minute=3)
    tokens = [mint_token(api_settings, published.one) for _ in range(2)]
    client = TestClient(app)
    answers = [client.get("/v1/days", headers={"Authorization": f"Bearer {tokens[0]}"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    seconds = int(answers[3].headers["Retry-After"])
    assert 40 <= seconds <= 60  # when the first request is a minute old
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"requests";q=3;w=60'}
    remaining = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
    assert remaining == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[3].headers["RateLimit"] == f'"requests";r=0;t={seconds}'
    # The headers of earlier releases say the same.
    assert [answer.headers["X-Rate-Limit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].headers["X-Rate-Limit-Limit"] == "3"
    assert int(answers[3].headers["X-Rate-Limit-Reset"]) == seconds
    assert client.get("/v1/days", headers={"Authorization": f"Bearer {tokens[1]}"}).status_code == 200


def test_guessing_tokens_is_slowed_down_and_probes_are_not(api_settings, published):
    client = TestClient(create_app(api_settings, published.database.reader_url, requests_per_minute=2))
    guesses = [client.get("/v1/days", headers={"Authorization": "Bearer x"}).status_code for _ in range(3)]
    assert guesses == [401, 401, 429]
    assert {client.get("/health").status_code for _ in range(5)} == {200}


def test_a_session_that_is_kept_has_forgotten_the_person_before(published):
    repository = ApiRepository(published.database.reader_url)
    asked = "select pg_backend_pid(), current_setting('santorio.user_id', true), count(*) from api.days"
    with repository.transaction_for(published.one.user_id) as connection:
        session, told, days = connection.execute(asked).fetchone()
        connection.execute("select set_config('santorio.user_id', %s, false)", [str(published.one.user_id)])
    assert told == str(published.one.user_id)
    assert days > 0
    with repository.transaction_for(None) as connection:
        assert connection.execute(asked).fetchone() == (session, "", 0)


def test_a_session_that_the_server_has_ended_is_made_anew(published):
    repository = ApiRepository(published.database.reader_url)
    with repository.transaction_for(published.one.user_id) as connection:
        (session,) = connection.execute("select pg_backend_pid()").fetchone()
    with published.database.connect() as connection:
        assert connection.execute("select pg_terminate_backend(%s, 5000)", [session]).fetchone() == (True,)
    with repository.transaction_for(published.one.user_id) as connection:
        assert connection.execute("select pg_backend_pid()").fetchone() != (session,)
        assert connection.execute("select count(*) > 0 from api.days").fetchone() == (True,)

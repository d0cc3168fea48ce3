"""Every error has one shape, and neither it nor the log gives anything away."""

import base64
import json
import logging
import threading

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from santorio.api import repository
from santorio.api.app import create_app
from santorio.privacy.tokens import mint_token
from santorio.warehouse import ensure_manifest
from santorio.warehouse.manifest import read_views


def error_of(answer) -> dict:
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["request_id"] == answer.headers["X-Request-ID"]
    assert error["message"].endswith((".", ")"))
    assert answer.headers["Cache-Control"] == "no-store"
    return error


def cursor_of(*content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/nowhere", 404, "not_found"),
        ("/v1/days/", 404, "not_found"),
        ("/v1/trials/trial:unknown", 404, "trial_not_found"),
        ("/v1/days?limit=0", 422, "invalid_request"),
        ("/v1/days?limit=1001", 422, "invalid_request"),
        ("/v1/days?limit=ten", 422, "invalid_request"),
        ("/v1/days?from=yesterday", 422, "invalid_request"),
        ("/v1/days?from=1700000000", 422, "invalid_request"),
        ("/v1/days?from=2026-02-30", 422, "invalid_request"),
        ("/v1/days?from=2026-03-02&to=2026-03-01", 422, "invalid_request"),
        ("/v1/days?form=2026-03-02", 422, "invalid_request"),
        ("/v1/effects?from=2026-03-02", 422, "invalid_request"),
        ("/v1/effects?outcome=%00", 422, "invalid_request"),
        ("/v1/trials/%00", 422, "invalid_request"),
        ("/v1/days?cursor=nonsense", 400, "invalid_cursor"),
    ],
)
def test_what_is_asked_wrong_is_named(client, address, status, code):
    answer = client.get(address, follow_redirects=False)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)


def test_a_parameter_that_is_given_twice_is_refused(client):
    answer = client.get("/v1/trials?status=running&status=null")
    assert answer.status_code == 422
    assert "status" in str(answer.json()["error"]["details"])


def test_a_wrong_parameter_is_named_and_its_value_is_not_repeated(client):
    answer = client.get("/v1/days?limit=my-secret-illness")
    assert error_of(answer)["details"]["problems"][0]["where"] == "query.limit"
    assert "illness" not in answer.text


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of("nights", False, "2026-03-01"),
        cursor_of("days", True, "2026-03-01"),
        cursor_of("days", False),
        cursor_of("days", False, "2026-03-01", 1),
        cursor_of("days", False, "soon"),
        cursor_of("days", False, ["2026-03-01"]),
        cursor_of("days"),
        base64.urlsafe_b64encode(b'{"view": "days"}').decode(),
        base64.urlsafe_b64encode(b"[" * 400).decode(),
        "=",
        "é",
    ],
)
def test_a_cursor_of_another_list_order_or_making_is_refused(client, cursor):
    answer = client.get("/v1/days", params={"cursor": cursor})
    assert answer.status_code in {400, 422}
    assert error_of(answer)["code"] in {"invalid_cursor", "invalid_request"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.lists(
        st.one_of(
            st.text(max_size=20), st.integers(), st.floats(), st.none(), st.booleans(), st.dates().map(str)
        ),
        max_size=3,
    )
)
@pytest.mark.parametrize("name", ["activities", "effects", "trials"])
def test_no_cursor_that_anyone_can_make_breaks_the_query(client, name, key):
    answer = client.get(f"/v1/{name}", params={"cursor": cursor_of(name, False, *key)[:600]})
    assert answer.status_code in {200, 400, 429}


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("é", False)]
)
def test_a_request_keeps_its_own_id_where_that_is_harmless(client, given, kept):
    answer = client.get("/health", headers={"X-Request-ID": given.encode()})
    assert (answer.headers["X-Request-ID"] == given) is kept


def test_a_fault_of_ours_is_answered_and_logged_without_what_it_says(
    api_settings, published, monkeypatch, caplog
):
    def fails(*_: object) -> None:
        raise RuntimeError("weight_kg=71.4")

    monkeypatch.setattr(repository.ApiRepository, "transaction_for", fails)
    client = TestClient(create_app(api_settings, published.database.reader_url))
    token = mint_token(api_settings, published.one)
    with caplog.at_level(logging.INFO):
        answer = client.get("/v1/days?from=2026-03-01", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, error_of(answer)["code"]) == (500, "internal_error")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("santorio")]
    assert any("RuntimeError" in line and answer.headers["X-Request-ID"] in line for line in ours)
    assert "71.4" not in answer.text + caplog.text


def test_the_access_log_has_the_route_and_no_query_token_or_name(client, caplog):
    with caplog.at_level(logging.INFO, logger="santorio"):
        client.get("/v1/trials/trial:magnesium")
        client.get("/v1/days?from=2026-03-01")
    lines = [record.getMessage() for record in caplog.records if record.name == "santorio.api.access"]
    assert "GET /v1/trials/{trial_id} 200" in lines[0]
    assert "GET /v1/days 200" in lines[1]
    for secret in ("magnesium", "2026-03-01", client.headers["Authorization"].split()[1]):
        assert secret not in "".join(lines)


def test_a_database_that_is_away_is_a_503_and_the_process_is_well(api_settings, published):
    client = TestClient(create_app(api_settings, "postgresql://santorio_api:hidden@127.0.0.1:1/santorio"))
    headers = {"Authorization": f"Bearer {mint_token(api_settings, published.one)}"}
    for answer in (client.get("/v1/days", headers=headers), client.get("/ready")):
        assert (answer.status_code, error_of(answer)["code"]) == (503, "database_unavailable")
        assert "hidden" not in answer.text
    assert client.get("/health").json()["status"] == "ok"


def test_before_the_first_run_the_api_says_what_to_do(api_settings, database, published):
    client = TestClient(create_app(api_settings, database.reader_url))
    headers = {"Authorization": f"Bearer {mint_token(api_settings, published.one)}"}
    for answer in (client.get("/v1/days", headers=headers), client.get("/ready")):
        assert (answer.status_code, error_of(answer)["code"]) == (503, "not_ready")
        assert "santorio run" in answer.json()["error"]["message"]
    assert "steps" in answer.json()["error"]["details"]["missing"]["days"]


def test_with_its_views_it_is_ready(client):
    views, _ = read_views(ensure_manifest())
    answer = client.get("/ready").json()
    assert (answer["status"], sorted(answer["views"])) == ("ready", views)


def test_a_query_that_takes_too_long_is_ended(client, published, monkeypatch):
    monkeypatch.setattr(repository, "STATEMENT_TIMEOUT_SECONDS", 0.2)
    with published.database.connect() as connection:
        connection.execute("lock table serving.days in access exclusive mode")
        answer = client.get("/v1/days")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "database_timeout")


def test_more_requests_than_connections_are_answered_in_turn(client):
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.get("/v1/days").status_code))
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 30

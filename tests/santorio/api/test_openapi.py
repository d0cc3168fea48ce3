"""The description holds what the API does, and the views hold what it describes."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as conformance

from santorio.api import resources
from santorio.api.app import create_app
from santorio.api.schemas.trials import TrialResult
from santorio.privacy.tokens import mint_token

ROOT = Path(__file__).resolve().parents[3]
EVERY_RESOURCE = [*resources.ALL, resources.EXPERIMENTS]


@pytest.fixture
def described(client) -> dict:
    return client.get("/openapi.json").json()


def test_every_address_only_reads(described):
    assert {method for path in described["paths"].values() for method in path} == {"get"}


def test_every_resource_is_served_and_nothing_else_is(described):
    collections = {path.split("/")[2] for path in described["paths"] if path.startswith("/v1/")}
    assert collections == {resource.name for resource in EVERY_RESOURCE}
    assert {f"/v1/{name}" for name in collections} < set(described["paths"])


def test_every_address_of_the_documentation_is_served_and_every_one_served_is_documented(described):
    text = (ROOT / "docs" / "api.md").read_text()
    documented = set(re.findall(r"`(/v1/[\w{}/]+|/health|/ready)`", text))
    assert documented == set(described["paths"])


def test_every_field_and_parameter_is_described(described):
    undescribed = [
        f"{name}.{field}"
        for name, schema in described["components"]["schemas"].items()
        for field, content in schema.get("properties", {}).items()
        if "description" not in content and "$ref" not in content
    ]
    assert undescribed == []
    for path in described["paths"].values():
        assert all("description" in parameter for parameter in path["get"].get("parameters", []))


@pytest.mark.parametrize("resource", EVERY_RESOURCE, ids=lambda resource: resource.schema.__name__)
def test_the_api_answers_with_every_column_of_its_view_but_the_person(published, resource):
    with published.database.connect() as connection:
        found = connection.execute(
            "select array_agg(column_name::text) from information_schema.columns"
            " where table_schema = 'api' and table_name = %s",
            [resource.view.name],
        ).fetchone()
    assert set(found[0]) - {"user_id"} == set(resource.columns)


def test_a_trials_result_has_every_column_that_the_analysis_writes(published):
    with published.database.connect() as connection:
        found = connection.execute(
            "select array_agg(column_name::text) from information_schema.columns"
            " where table_schema = 'analysis' and table_name = 'trial_results'"
        ).fetchone()
    assert set(found[0]) - {"run_id", "user_id", "trial"} == set(TrialResult.model_fields)


def test_the_page_of_the_api_loads_only_files_of_this_server(client):
    page = client.get("/docs")
    urls = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert [url.rsplit("/", 1)[1] for url in urls] == [
        "swagger-ui.css",
        "favicon.png",
        "swagger-ui-bundle.js",
    ]
    assert "'/openapi.json'" in page.text
    for url in urls:
        assert url.startswith("/docs/static/")
        assert client.get(url).status_code == 200


def test_the_page_of_the_api_runs_no_script_but_its_own(client):
    page = client.get("/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert (policy["default-src"], policy["connect-src"]) == ("'none'", "'self'")


def test_the_written_documentation_names_every_parameter(described):
    text = (ROOT / "docs" / "api.md").read_text()
    for path, operations in described["paths"].items():
        for parameter in operations["get"].get("parameters", []):
            assert f"`{parameter['name']}`" in text, f"{path}: {parameter['name']}"


def test_the_codes_of_errors_in_the_documentation_are_those_of_the_code():
    text = (ROOT / "docs" / "api.md").read_text()
    documented = set(re.findall(r"^\| \d{3} \| `(\w+)`", text, re.MULTILINE))
    assert documented == {
        "invalid_cursor",
        "token_missing",
        "token_invalid",
        "token_expired",
        "insufficient_scope",
        "not_found",
        "trial_not_found",
        "experiment_not_found",
        "method_not_allowed",
        "invalid_request",
        "rate_limited",
        "internal_error",
        "not_ready",
        "database_unavailable",
        "database_timeout",
        "busy",
        "storage_error",
    }


def test_the_requests_of_the_documentation_are_answered_as_it_shows(client):
    text = (ROOT / "docs" / "api.md").read_text()
    urls = re.findall(r"'http://127\.0\.0\.1:8000([^']+)'", text)
    assert len(urls) == 2
    answers = [client.get(url) for url in urls]
    assert [answer.status_code for answer in answers] == [200, 200]
    (example,) = re.findall(r"```json\n(\{\s*\"data\".*?)```", text, re.DOTALL)
    shown, answer = json.loads(example), answers[0].json()
    assert set(shown) == set(answer)
    assert set(shown["meta"]) == set(answer["meta"])
    assert set(shown["data"][0]) <= set(answer["data"][0])


def test_whatever_is_asked_the_answer_is_as_described(published, api_settings):
    app = create_app(api_settings, published.database.reader_url, requests_per_minute=100_000)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    headers = {"Authorization": f"Bearer {mint_token(api_settings, published.one)}"}
    kept = [
        checks.not_a_server_error,
        conformance.status_code_conformance,
        conformance.content_type_conformance,
        conformance.response_headers_conformance,
        conformance.response_schema_conformance,
        conformance.negative_data_rejection,
    ]
    operations = [result.ok() for result in schema.get_all_operations()]
    assert {operation.path for operation in operations} == set(app.openapi()["paths"])
    for operation in operations:
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not operation.query:
                continue  # nothing that could be wrong

            @settings(
                max_examples=15, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                case.call_and_validate(headers=headers, checks=kept)

            ask()

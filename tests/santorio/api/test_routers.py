"""What the API answers with: values, lineage, pages."""

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.api_resources import COLLECTIONS, DATED, count_rows


def everything(client, address: str, **query: object) -> list[dict]:
    rows, cursor = [], None
    while True:
        page = client.get(address, params=query | ({"cursor": cursor} if cursor else {})).json()
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


def test_a_day_has_its_values_and_null_where_nothing_was_measured(client):
    day = client.get("/v1/days", params={"from": "2026-03-03", "limit": 1}).json()["data"][0]
    assert (day["day"], day["steps"], day["weight_kg"], day["utc_offset"]) == (
        "2026-03-03",
        2.0,
        None,
        "+01:00",
    )
    assert day["as_of"] == "2026-06-01T06:30:00Z"
    assert "user_id" not in day


def test_a_night_belongs_to_the_day_of_waking_and_an_activity_to_its_instant(client):
    night = client.get("/v1/nights?limit=1").json()["data"][0]
    activity = client.get("/v1/activities?limit=1").json()["data"][0]
    assert (night["day"], night["sleep_minutes"]) == ("2026-03-01", 400.0)
    assert (activity["activity_id"], activity["started_at"]) == ("000a", "2026-03-01T17:00:00Z")


def test_effects_come_strongest_first_with_their_run(client):
    page = client.get("/v1/effects").json()
    assert [(row["outcome"], row["estimate"]) for row in page["data"]] == [
        ("sleep_minutes", -12.5),
        ("hrv_rmssd_ms", -4.25),
        ("mood", 0.1),
    ]
    assert [(row["robustness_value"], row["robustness_value_95"]) for row in page["data"]] == [
        (0.31, 0.2),
        (0.31, 0.2),
        (None, None),
    ]
    assert page["meta"] == {
        "as_of": "2026-06-01T06:30:00Z",
        "run_ids": [page["data"][0]["run_id"]],
        "code_versions": ["0.1.0+c0ffee00"],
        "count": 3,
    }


def test_a_baseline_comes_with_its_range_what_was_odd_and_what_is_to_come(client):
    (row,) = client.get("/v1/baselines?metric=resting_hr_bpm").json()["data"]
    assert (row["last_value"], row["median"], row["unit"]) == (52.0, 54.0, "bpm")
    assert row["forecast"][0]["day"] == "2026-03-02"
    assert (row["anomalies"][0]["days"], row["changes"][0]["after"]) == (4, 54.0)


def test_trials_come_before_proposals_and_these_best_first(client):
    rows = client.get("/v1/trials").json()["data"]
    assert [row["trial_id"] for row in rows] == [
        "trial:magnesium",
        "proposal:no_late_caffeine",
        "proposal:dry_month",
    ]


def test_a_trial_comes_with_its_schedule_and_result(client):
    trial = client.get("/v1/trials/trial:magnesium").json()["data"]
    assert (trial["status"], trial["decision"]) == ("analysed", "no difference that matters")
    assert (trial["arms"], trial["schedule"]) == (["none", "magnesium"], {"1": "none"})
    result = trial["result"][0]
    assert (result["estimate"], result["probability_within"], result["probability_repeats"]) == (
        0.75,
        0.98,
        None,
    )


def test_a_proposal_comes_with_what_it_takes_and_why(client):
    proposal = client.get("/v1/trials/proposal:dry_month").json()["data"]
    assert (proposal["days_needed"], proposal["assurance"], proposal["why"]) == (42, 0.8, "It may matter.")
    assert proposal["schedule"] == [{"day": 1, "arm": "usual"}]
    assert proposal["result"] is None


def test_a_gap_is_a_row_of_the_coverage(client):
    gaps = client.get("/v1/coverage?status=missing").json()["data"]
    assert [(row["kind"], row["day"], row["attempts"]) for row in gaps] == [("sleep", "2026-03-08", 0)]


@pytest.mark.parametrize("address", [f"/v1/{name}" for name in DATED])
def test_from_and_to_include_the_days_they_name(client, address):
    rows = client.get(address, params={"from": "2026-03-10", "to": "2026-03-12"}).json()["data"]
    assert {row["day"] for row in rows} == {"2026-03-10", "2026-03-11", "2026-03-12"}


@pytest.mark.parametrize("query", ["outcome=mood", "exposure=x", "outcome=mood&exposure=x"])
def test_effects_can_be_narrowed_to_an_outcome_or_an_exposure(client, query):
    assert [row["exposure"] for row in client.get(f"/v1/effects?{query}").json()["data"]] == ["x"]


def test_of_what_people_share_only_what_the_person_is_part_of_is_told(client):
    rows = client.get("/v1/population").json()["data"]
    assert [(row["basis"], row["factor"], row["people"]) for row in rows] == [
        ("association", "alcohol_g", 7),
        ("trial", "screens", 5),
    ]
    assert "expected_mean" not in rows[0]
    (row,) = client.get("/v1/population?factor=screens").json()["data"]
    assert (row["mean"], row["shrunk_estimate"], row["per_amount"]) == (12.0, 11.0, None)


def test_trials_can_be_narrowed_to_a_kind_or_a_status(client):
    assert len(client.get("/v1/trials?kind=proposal").json()["data"]) == 2
    assert len(client.get("/v1/trials?status=analysed").json()["data"]) == 1


@pytest.mark.parametrize("name", COLLECTIONS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 100), descending=st.booleans())
def test_pages_of_any_size_lose_and_repeat_nothing(client, published, name, limit, descending):
    order = {"order": "desc"} if descending and name in DATED else {}
    whole = client.get(f"/v1/{name}", params={"limit": 1000, **order}).json()["data"]
    assert everything(client, f"/v1/{name}", limit=limit, **order) == whole
    assert len(whole) == count_rows(published.database, published.one, name) > 0


def test_the_views_show_every_row_that_was_written(published):
    rows = {"days": 45, "nights": 45, "activities": 90, "coverage": 45}
    # Of three pooled effects the person is part of two; a trial and two proposals are three trials.
    rows |= {"baselines": 2, "effects": 3, "population": 2, "trials": 3}
    assert {name: count_rows(published.database, published.one, name) for name in rows} == rows


def test_the_newest_come_first_where_that_is_asked_for(client):
    rows = client.get("/v1/days?order=desc&limit=2").json()["data"]
    assert [row["day"] for row in rows] == ["2026-04-14", "2026-04-13"]


def test_a_long_answer_is_compressed_and_says_the_same(client):
    plain = client.get("/v1/days", headers={"Accept-Encoding": "identity"})
    packed = client.get("/v1/days", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


@pytest.mark.parametrize("path", ["", "/trial:magnesium", "/proposal:dry_month"])
def test_the_former_address_of_trials_answers_with_its_former_fields_and_names_its_successor(client, path):
    former, trial = client.get(f"/v1/experiments{path}"), client.get(f"/v1/trials{path}")
    renamed = former.text.replace('"experiment_id"', '"trial_id"').replace('"lever"', '"intervention"')
    assert json.loads(renamed) == trial.json()
    assert former.headers["Deprecation"] == "@1795996800"
    assert former.headers["Link"] == '</v1/trials>; rel="successor-version"'
    assert "Deprecation" not in trial.headers


def test_a_cursor_from_before_trials_were_renamed_is_still_valid(client):
    content = json.dumps(["experiments", False, 0, "trial:magnesium"]).encode()
    cursor = base64.urlsafe_b64encode(content).decode().rstrip("=")
    rows = client.get("/v1/experiments", params={"cursor": cursor}).json()["data"]
    assert [row["experiment_id"] for row in rows] == ["proposal:no_late_caffeine", "proposal:dry_month"]


def test_the_former_address_of_trials_says_so_in_its_errors_and_its_description(client, client_of):
    answers = [client.get("/v1/experiments/trial:unknown"), client_of(None).get("/v1/experiments")]
    codes = [(answer.status_code, answer.json()["error"]["code"]) for answer in answers]
    assert codes == [(404, "experiment_not_found"), (401, "token_missing")]
    assert all(answer.headers["Deprecation"] for answer in answers)
    paths = client.get("/openapi.json").json()["paths"]
    deprecated = {path for path, operations in paths.items() if operations["get"].get("deprecated")}
    assert deprecated == {"/v1/experiments", "/v1/experiments/{experiment_id}"}

"""Whatever Garmin may answer: every element is an event, a refusal with a reason, or said to be nothing."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from santorio.ingest.formats.garmin.parser import RequestContext, parse_answer
from santorio.ingest.garmin.endpoints import ENDPOINTS
from santorio.ingest.garmin.reload_requests import is_archived
from santorio.people import Person

ME = Person(uuid.UUID(int=1), "me", "Europe/Berlin")
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 20)
# Keys by which answers are recognised, so that chance reaches what lies behind that.
KEYS = st.sampled_from(
    [
        "calendarDate",
        "dailySleepDTO",
        "heartRateValues",
        "values",
        "activityId",
        "startTimeGMT",
        "startTimestampGMT",
        "startTimestampLocal",
        "dailyWeightSummaries",
        "allWeightMetrics",
        "measurementSummaries",
        "hrvSummary",
        "date",
        "stressValuesArray",
        "userProfilePK",
        "timestampGMT",
        "samplePk",
        "data",
        "message",
        "summaryDate",
        "event",
    ]
) | st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["2026-03-20", "2026-03-20T06:00:00.0", "9999-99-99", 1_774_000_000_000])
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.kind)
@given(answer=ANSWERS)
def test_any_answer_becomes_events_of_its_kind_or_refusals_with_a_reason(endpoint, answer) -> None:
    asked = RequestContext(day=DAY, item="7" if endpoint.grain != "days" else None)
    parsed = parse_answer(endpoint, answer, asked, ME, NOW)
    assert {event.event_type for event in parsed.events} <= {endpoint.event_type}
    assert all(rejection.code and rejection.reason for rejection in parsed.rejections)
    elements = answer if isinstance(answer, list) else [answer]
    if endpoint.list_key is None and elements not in ([], [None], [{}]):
        assert parsed.events or parsed.rejections
    for event in parsed.events:
        assert is_archived(endpoint.kind, event.data) in {True, False}


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("heart_rate", {"maxHeartRate": 150, "heartRateValues": None}, True),
        ("heart_rate", {"maxHeartRate": 150, "heartRateValues": []}, True),
        ("heart_rate", {"maxHeartRate": 150, "heartRateValues": [[1, 60]]}, False),
        ("heart_rate", {"maxHeartRate": None, "heartRateValues": None}, False),
        ("stress", {"maxStressLevel": -2, "stressValuesArray": []}, False),
        ("stress", {"maxStressLevel": 80, "stressValuesArray": []}, True),
        ("respiration", {"highestRespirationValue": 20.0}, True),
        ("sleep", {"maxHeartRate": 150}, False),
    ],
)
def test_a_day_is_put_away_where_the_highest_of_a_series_is_there_and_the_series_is_not(
    kind, payload, expected
) -> None:
    assert is_archived(kind, payload) is expected

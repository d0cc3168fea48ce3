"""What a reader has already is not sent again, and a change never goes unnoticed."""

import datetime as dt
from email.utils import format_datetime, parsedate_to_datetime

import pytest


@pytest.mark.parametrize("address", ["/v1/days", "/v1/trials/trial:magnesium", "/v1/effects?outcome=mood"])
def test_the_same_answer_is_not_sent_twice(client, address):
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["X-Request-ID"]
    since = client.get(address, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert since.status_code == 304


@pytest.mark.parametrize("tags", ['"other", {}', "*", '{}, W/"x"'])
def test_any_of_several_known_answers_will_do(client, tags):
    etag = client.get("/v1/days").headers["ETag"]
    assert client.get("/v1/days", headers={"If-None-Match": tags.format(etag)}).status_code == 304


def test_the_tag_decides_over_the_date(client):
    first = client.get("/v1/days")
    both = {"If-None-Match": '"another"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get("/v1/days", headers=both).status_code == 200


@pytest.mark.parametrize(
    "date", ["yesterday", "", "Mon, 01 Jun 2026 06:30:00", "Mon, 99 Jun 99999 06:30:00 GMT"]
)
def test_a_date_that_is_none_counts_for_nothing(client, date):
    assert client.get("/v1/days", headers={"If-Modified-Since": date}).status_code == 200


def test_a_date_before_the_answer_changed_gets_the_answer(client):
    modified = parsedate_to_datetime(client.get("/v1/days").headers["Last-Modified"])
    earlier = format_datetime(modified - dt.timedelta(seconds=1), usegmt=True)
    assert client.get("/v1/days", headers={"If-Modified-Since": earlier}).status_code == 200


def test_a_deletion_is_noticed_by_tag_and_by_date_though_nothing_newer_came(client, published):
    first = client.get("/v1/nights?limit=3")
    with published.database.connect() as connection:
        kept = connection.execute(
            "delete from serving.nights where user_id = %s and day = '2026-03-02' returning sleep_minutes, as_of",
            [published.one.user_id],
        ).fetchone()
    try:
        for known in (
            {"If-None-Match": first.headers["ETag"]},
            {"If-Modified-Since": first.headers["Last-Modified"]},
        ):
            assert client.get("/v1/nights?limit=3", headers=known).status_code == 200
    finally:
        with published.database.connect() as connection:
            connection.execute(
                "insert into serving.nights (user_id, day, utc_offset, sleep_minutes, as_of)"
                " values (%s, '2026-03-02', '01:00', %s, %s)",
                [published.one.user_id, *kept],
            )


def test_two_people_never_share_a_tag_or_a_cache(client_of, published):
    answers = [client_of(person).get("/v1/days") for person in (published.one, published.other)]
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
    assert answers[0].headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answers[0].headers["Vary"]

"""Days whose series Garmin has archived: their reload is requested once, and they never replace complete days."""

import datetime as dt
import json
from pathlib import Path

import pytest

from santorio.ingest.garmin import reload_requests
from santorio.ingest.garmin.endpoints import BY_KIND
from santorio.ingest.importer import import_paths
from santorio.storage import retention

TODAY = dt.date(2026, 3, 20)
DAY = TODAY - dt.timedelta(days=10)
SIZES = (
    "select length(data::text) from raw.events where event_type = 'garmin.heart_rate' and metadata ->> 'day' = %s"
    " order by ingested_at"
)


def test_every_kind_that_is_asked_back_is_one_that_is_fetched() -> None:
    assert set(reload_requests.KINDS) <= set(BY_KIND)


def test_what_garmin_put_away_does_not_replace_the_whole_day_that_a_file_brought(
    my_home, tmp_path: Path
) -> None:
    [me] = my_home.people
    my_home.sync(since=DAY, until=DAY, kinds=("heart_rate",))
    [(document,)] = my_home.rows("select data from raw.events where event_type = 'garmin.heart_rate'")
    with my_home.database.connect() as connection:
        connection.execute("delete from raw.events")
        connection.execute("delete from ops.coverage")
    file = tmp_path / "heart_rate.json"
    file.write_text(json.dumps(document))
    import_paths(my_home.database, my_home.store, me, [file])
    [(complete,)] = my_home.rows(SIZES, str(DAY))

    my_home.server.archived_before = TODAY - dt.timedelta(days=8)
    for _ in range(3):
        my_home.sync(since=DAY, until=DAY, kinds=("heart_rate",))
        my_home.server.reloaded.clear()  # Garmin never brings it back
    assert my_home.rows(SIZES, str(DAY))[-1] == (complete,)


def test_an_upload_does_not_end_the_wait_for_a_day_that_was_asked_back(my_home) -> None:
    home = my_home
    home.server.archived_before = TODAY - dt.timedelta(days=8)
    home.server.silent_since[home.account.display_name] = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
    home.sync(since=DAY, kinds=("daily_summary", "heart_rate"))
    assert home.ledger("heart_rate")[DAY] == "provisional"

    # The watch uploads minutes later; Garmin has not brought the day back yet.
    requested = set(home.server.reloaded)
    home.server.reloaded.clear()
    home.server.silent_since.clear()
    home.sync(since=DAY, kinds=("daily_summary", "heart_rate"), later=False)

    home.server.reloaded |= requested
    for _ in range(3):
        home.sync(since=DAY, kinds=("daily_summary", "heart_rate"))
    archived, complete = home.rows(SIZES, str(DAY))
    assert complete > archived


@pytest.mark.parametrize("is_archived", [False, True])
def test_a_thinned_day_that_is_fetched_again_stays_thinned_whole_or_put_away(
    my_home, is_archived: bool
) -> None:
    [me] = my_home.people
    kinds = ("heart_rate", "stress")
    my_home.sync(since=DAY, until=DAY, kinds=kinds)
    log = "select event_type, content_hash, data from raw.events order by event_type, ingested_at"
    with my_home.database.connect() as connection:
        retention.set_keep_samples_days(connection, me, 30)
    later = dt.datetime.combine(DAY, dt.time(12), dt.UTC) + dt.timedelta(days=40)
    assert sum(retention.downsample(my_home.database, me, later), retention.Downsampled()).payloads == len(
        kinds
    )
    thinned = my_home.rows(log)

    with my_home.database.connect() as connection:
        connection.execute("delete from ops.coverage")
    if is_archived:
        my_home.server.archived_before = TODAY - dt.timedelta(days=8)
    my_home.sync(since=DAY, until=DAY, kinds=kinds)
    assert my_home.rows(log) == thinned
    assert all("thinned" in data for *_, data in thinned)

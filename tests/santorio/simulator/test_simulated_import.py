"""A simulated life is imported like a real one: every file is recognised, and late versions replace early ones."""

import datetime as dt
from pathlib import Path

from santorio.ingest.importer import import_paths
from santorio.people import Person
from santorio.simulator import simulate
from santorio.storage.database.engine import Database
from santorio.storage.object_store import FolderStore

LAST_DAY = dt.date(2025, 11, 20)
NOW = dt.datetime(2025, 11, 21, 9, tzinfo=dt.UTC)


def test_every_file_of_a_simulated_life_is_imported(
    database: Database, person: Person, tmp_path: Path
) -> None:
    simulation = simulate(days=45, last_day=LAST_DAY)
    folder = tmp_path / "files"
    simulation.write(folder)

    report = import_paths(database, FolderStore(tmp_path / "objects"), person, [folder], now=NOW)

    assert report.rejected == 0
    assert {outcome.outcome for outcome in report.files} == {"imported"}
    assert len(report.files) == sum(1 for _ in simulation.files())
    late = len(simulation.life.wear.synced_until)
    with database.connect() as connection:
        counts = dict(
            connection.execute(
                "select event_type, count(distinct event_id) from raw.events group by 1"
            ).fetchall()
        )
        versions = connection.execute(
            "select count(*) from (select event_id from raw.events where event_type = 'garmin.daily_summary'"
            " group by event_id having count(*) = 2) as twice"
        ).fetchone()
        newest = connection.execute(
            "select (data ->> 'totalSteps')::int from raw.events where event_type = 'garmin.daily_summary'"
            " and metadata ->> 'day' = %s order by ingested_at desc limit 1",
            (LAST_DAY.isoformat(),),
        ).fetchone()
    worn = sum(simulation.life.wear.watch[day] != "absent" for day in range(45))
    assert counts["garmin.daily_summary"] == counts["garmin.stress"] == counts["garmin.sleep"] == worn
    assert counts["trial.protocol"] == 1
    assert {"caffeine", "alcohol", "mood", "supplement", "garmin.weigh_in", "garmin.activity"} <= set(counts)
    assert versions == (late,)
    assert newest == (int(simulation.life.body.steps[-1]),)

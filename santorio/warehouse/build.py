"""Which rows a build makes again: those that arrivals touch, and all of a model whose logic changed.

A build is planned, dbt runs it, and it is finished: only then what had arrived leaves the queue. A build that fails, or
is killed, leaves what it had to do where it stands, and the next one does it again with what arrived meanwhile.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from santorio.code_version import code_version
from santorio.errors import StorageError
from santorio.storage.database.engine import Database
from santorio.storage.database.locks import Lock, lock_session
from santorio.warehouse.dbt import PROJECT, ensure_manifest
from santorio.warehouse.dbt_runner import BUILD, check_results, run_dbt
from santorio.warehouse.manifest import Model, changed_models, read_models
from santorio.warehouse.publish import publish, published_marts

# One build at a time: the second waits.
# Of so many touched events, and such a part of all, everything is made in full: looking up one by one what is nearly
# all is no gain. Chosen, not measured.
MANY_EVENTS, LARGE_PART = 10_000, 0.3
# What a sync brings of a day or two, and what a person logs. More is left to a run of the whole pipeline.
MAX_SMALL_CHANGES = 500

TAKE = """
insert into ops.claimed_changes select change_id from raw.change_queue on conflict do nothing;
insert into ops.changed_events (event_id, user_id)
select distinct on (event_id) event_id, user_id
from raw.change_queue inner join ops.claimed_changes using (change_id)
where event_id is not null
order by event_id, user_id
on conflict do nothing;
insert into ops.changed_days (user_id, day)
select distinct user_id, day from raw.change_queue inner join ops.claimed_changes using (change_id)
where day is not null
on conflict do nothing;
insert into ops.changed_people (model, user_id)
select distinct '', user_id from raw.change_queue inner join ops.claimed_changes using (change_id)
on conflict do nothing;
"""

CLEAR = """
delete from raw.change_queue using ops.claimed_changes where claimed_changes.change_id = change_queue.change_id;
delete from ops.claimed_changes;
delete from ops.changed_events;
delete from ops.changed_days;
delete from ops.changed_people;
"""


@dataclass(frozen=True)
class Build:
    """What one build has to do.

    Parameters
    ----------
    build_id
        Its name; under it the models note that they were made.
    known_at
        What came in later is left to the next build.
    started_at
        When it was planned.
    modes
        How each model is made: `full` or `incremental`.
    selected
        Models that dbt has to make: of other logic, or behind the events and days that changed. A view that did not
        change is not made again.
    relations
        Schema and table of each of these.
    has_changes
        False where nothing arrived and no logic changed: then everything is up to date.
    """

    build_id: uuid.UUID
    known_at: dt.datetime
    started_at: dt.datetime
    modes: Mapping[str, str]
    selected: Sequence[str]
    relations: Sequence[tuple[str, str]]
    has_changes: bool

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which dbt's macros know that they are part of this build."""
        prefix = "DBT_ENV_CUSTOM_ENV_SANTORIO"
        incremental = [name for name, mode in self.modes.items() if mode == "incremental"]
        return {
            f"{prefix}_BUILD": str(self.build_id),
            f"{prefix}_KNOWN_AT": self.known_at.isoformat(),
            f"{prefix}_INCREMENTAL": " ".join(incremental),
        }

    @property
    def arguments(self) -> list[str]:
        """Options of `dbt build`: these models, every test that looks at one of them, and the tests of every build."""
        return ["--select", *self.selected, "tag:every_build"]

    @property
    def is_full(self) -> bool:
        """Whether a model has to be made from its first row to its last."""
        return "full" in self.modes.values()


@contextmanager
def build_session(database: Database, *, project: Path = PROJECT, is_whole: bool = True) -> Iterator[Build]:
    """Plan a build, let the caller run dbt with it, and finish it, unless an error came.

    Parameters
    ----------
    database
        Where the warehouse is. A second build waits for the first.
    project
        The dbt project.
    is_whole
        False where the caller makes a part of the models: then all that arrived stays queued.

    Raises
    ------
    StorageError
        If dbt did not make every model that was planned.
    """
    manifest = ensure_manifest(project)
    with database.connect(autocommit=True) as holder:
        lock_session(holder, Lock.BUILD)
        with database.connect() as connection:
            build = plan_build(connection, read_models(manifest))
        yield build
        if build.has_changes and is_whole:
            with database.connect() as connection:
                finish_build(connection, build, published_marts(manifest))


def has_small_changes(database: Database, *, project: Path = PROJECT) -> bool:
    """Whether something waits that a build makes in seconds: few events and days, and no model of other logic."""
    with database.connect() as connection:
        waiting = _one(
            connection, "select count(*) from (select from raw.change_queue limit 1000) as waiting"
        )
        if not 0 < waiting <= MAX_SMALL_CHANGES:
            return False
        models = _on_server(connection, read_models(ensure_manifest(project)))
        return "full" not in _modes(connection, models).values()


def build_small_changes(database: Database, target: Path, *, project: Path = PROJECT) -> Build | None:
    """Build what waits, where `has_small_changes`; the API shows it when this returns.

    Parameters
    ----------
    database
        Where the warehouse is.
    target
        Folder in which dbt writes the SQL that it compiles.
    project
        The dbt project.

    Returns
    -------
    Build or None
        What was built; None where nothing waits, or more than a build of seconds.

    Raises
    ------
    StorageError
        If a model or a test failed: what arrived stays queued, and the API shows the previous build.
    """
    if not has_small_changes(database, project=project):
        return None
    with build_session(database, project=project) as build:
        if build.selected:
            arguments = [*BUILD, *build.arguments]
            check_results(
                run_dbt(database, arguments, target=target, project=project, environment=build.environment)
            )
    return build


def invalidate_builds(connection: psycopg.Connection) -> None:
    """Let the next build make everything in full."""
    connection.execute("update ops.models set built_fingerprint = null")


def plan_build(connection: psycopg.Connection, models: Sequence[Model]) -> Build:
    """Take what arrived, and say how each model is made; written down for dbt's macros and for the next build.

    What an earlier build left undone is taken as well.
    """
    connection.execute(TAKE)
    models = _on_server(connection, models)
    modes = _modes(connection, models)
    selected = _selected(connection, models, modes)
    touched = _one(
        connection, "select exists (select from ops.changed_events) or exists (select from ops.changed_days)"
    )
    build = Build(
        build_id=uuid.uuid4(),
        known_at=_one(
            connection, "select greatest(clock_timestamp(), (select max(ingested_at) from raw.events))"
        ),
        started_at=_one(connection, "select clock_timestamp()"),
        modes=modes,
        selected=[model.name for model in selected],
        relations=[model.relation for model in selected],
        has_changes=touched or "full" in modes.values(),
    )
    if build.has_changes:
        _write_plan(connection, models, build)
        connection.execute("analyze ops.changed_events")
    return build


def _selected(
    connection: psycopg.Connection, models: Sequence[Model], modes: Mapping[str, str]
) -> list[Model]:
    """Find the models to make: those made in full, and of the tables those that can differ."""
    types = connection.execute(
        "select distinct event_type from raw.events "
        "where event_id = any (array(select event_id from ops.changed_events))"
    ).fetchall()
    has_days = _one(connection, "select exists (select from ops.changed_days)")
    changed = changed_models(models, [row[0] for row in types], has_changed_days=has_days)
    return [
        model
        for model in models
        if modes[model.name] == "full" or (model.is_incremental and model.name in changed)
    ]


def _on_server(connection: psycopg.Connection, models: Sequence[Model]) -> list[Model]:
    """Give models other fingerprints where samples are in a hypertable: moved to such a server, all is made in full."""
    if _one(connection, "select to_regclass('intraday.samples') is not null"):
        return [replace(model, fingerprint=model.fingerprint + " with TimescaleDB") for model in models]
    return list(models)


def _modes(connection: psycopg.Connection, models: Sequence[Model]) -> dict[str, str]:
    """Say which models are made in full: those that are missing or of other logic, and all that reads them."""
    made: dict[str, str | None] = dict(
        connection.execute("select model, built_fingerprint from ops.models").fetchall()
    )
    there = set(
        connection.execute(
            "select nspname, relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        ).fetchall()
    )
    everything = _prefers_full_refresh(connection, there)
    modes: dict[str, str] = {}
    for model in models:
        stays = (
            not everything
            and model.relation in there
            and made.get(model.name) == model.fingerprint
            and (model.is_incremental or model.is_view or model.is_seed)
            and all(modes[parent] == "incremental" for parent in model.parents)
        )
        modes[model.name] = "incremental" if stays else "full"
    return modes


def _prefers_full_refresh(connection: psycopg.Connection, there: set[tuple[str, str]]) -> bool:
    """Whether so much arrived that all of it is made sooner than a part of it."""
    touched = _one(connection, "select count(*) from ops.changed_events")
    if touched < MANY_EVENTS or ("staging", "base_events__current") not in there:
        return False
    return bool(touched > LARGE_PART * _one(connection, "select count(*) from staging.base_events__current"))


def _write_plan(connection: psycopg.Connection, models: Sequence[Model], build: Build) -> None:
    """Write down how each model is made; of one that is made in full nothing counts until it is there."""
    connection.execute("delete from ops.models where model <> all(%s)", [[one.name for one in models]])
    connection.cursor().executemany(
        """
        insert into ops.models (model, mode, planned_in, fingerprint)
        values (%(model)s, %(mode)s, %(build)s, %(fingerprint)s)
        on conflict (model) do update set
          mode = excluded.mode,
          planned_in = excluded.planned_in,
          fingerprint = excluded.fingerprint,
          built_fingerprint = case when excluded.mode = 'incremental' then models.built_fingerprint end
        """,
        [
            {
                "model": one.name,
                "mode": build.modes[one.name],
                "build": build.build_id,
                "fingerprint": one.fingerprint,
            }
            for one in models
        ],
    )


def finish_build(connection: psycopg.Connection, build: Build, marts: Sequence[str]) -> None:
    """Show the API what this build made of these marts, and clear it from the queue, in one transaction.

    Raises
    ------
    StorageError
        If a model was not made in this build: then all stays queued.
    """
    # Another build may have begun, where this one's connection that held the lock was lost.
    missing = connection.execute(
        "select model from ops.models where model = any(%(selected)s) "
        "and (built_in is distinct from %(build)s or planned_in is distinct from %(build)s) order by model for update",
        {"selected": list(build.selected), "build": build.build_id},
    ).fetchall()
    if missing:
        raise StorageError(
            f"The build left out {len(missing)} models, {missing[0][0]} first.",
            hint="Build again without a selection: nothing is lost.",
        )
    changed = [mart for mart in marts if mart in build.selected]
    publish(connection, changed, whole=[mart for mart in changed if build.modes[mart] == "full"])
    connection.execute(CLEAR)
    connection.execute(
        """
        insert into ops.builds (build_id, started_at, known_at, code_version, published_at)
        values (%s, %s, %s, %s, clock_timestamp())
        """,
        [build.build_id, build.started_at, build.known_at, code_version()],
    )
    # Only now: what was made in full and never finished is made in full again, tested and published as a whole.
    connection.execute(
        "update ops.models set built_fingerprint = fingerprint, mode = null, planned_in = null where planned_in = %s",
        [build.build_id],
    )


def _one(connection: psycopg.Connection, query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row[0]

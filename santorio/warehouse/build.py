"""Which rows a build remakes: those that a change reaches, and all rows of a model whose logic changed.

A build has three steps: it is planned, dbt runs it, and it is finished. Only the last step takes changes off the queue.
After a build that failed or was killed they are still queued, and the next one does its work with what arrived since.
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

# With so many changed events, and such a share of all events, a build remakes everything: to look up nearly all rows
# one by one takes longer. Chosen, not measured.
MANY_EVENTS, LARGE_SHARE = 10_000, 0.3
# What a sync brings for a day or two, and what a person logs. More is left to a run of the whole pipeline.
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
    """The plan of a build.

    Parameters
    ----------
    build_id
        Its identifier, with which each model records that it was built.
    known_at
        Events that were ingested later are left to the next build.
    started_at
        When the build was planned.
    modes
        How each model is made: `full` or `incremental`.
    selected
        Models that dbt has to build: those whose logic changed, and the tables that changed events and days reach. A
        view whose logic did not change is not built again.
    relations
        Schema and table of each of them.
    has_changes
        False where nothing arrived and no logic changed: everything is up to date.
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
        """Options of `dbt build`: these models, every test of one of them, and the tests that each build runs."""
        return ["--select", *self.selected, "tag:every_build"]

    @property
    def is_full(self) -> bool:
        """Whether any model is built in full."""
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
        False where the caller builds a part of the models only: all changes then stay queued.

    Raises
    ------
    StorageError
        If dbt did not build every model of the plan.
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
    """Return whether changes are queued that a build takes in within seconds: few, and no model's logic changed."""
    with database.connect() as connection:
        # Beyond the limit the exact number does not matter.
        queued = _scalar(
            connection, "select count(*) from (select from raw.change_queue limit 1000) as queued"
        )
        if not 0 < queued <= MAX_SMALL_CHANGES:
            return False
        models = _on_server(connection, read_models(ensure_manifest(project)))
        return "full" not in _modes(connection, models).values()


def build_small_changes(database: Database, target: Path, *, project: Path = PROJECT) -> Build | None:
    """Build the queued changes, where `has_small_changes`; the API shows them when this returns.

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
        What was built; None where nothing is queued, or more than a build of seconds takes in.

    Raises
    ------
    StorageError
        If a model or a test failed: changes stay queued, and the API shows the previous build.
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
    """Let the next build remake everything."""
    connection.execute("update ops.models set built_fingerprint = null")


def plan_build(connection: psycopg.Connection, models: Sequence[Model]) -> Build:
    """Claim the queued changes and decide how each model is built; recorded for dbt's macros and for the next build.

    Changes that an earlier build claimed and did not finish belong to the plan as well.
    """
    connection.execute(TAKE)
    models = _on_server(connection, models)
    modes = _modes(connection, models)
    selected = _selected(connection, models, modes)
    touched = _scalar(
        connection, "select exists (select from ops.changed_events) or exists (select from ops.changed_days)"
    )
    build = Build(
        build_id=uuid.uuid4(),
        known_at=_scalar(
            connection, "select greatest(clock_timestamp(), (select max(ingested_at) from raw.events))"
        ),
        started_at=_scalar(connection, "select clock_timestamp()"),
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
    """Select the models to build: those that are built in full, and the tables whose rows can differ."""
    types = connection.execute(
        "select distinct event_type from raw.events "
        "where event_id = any (array(select event_id from ops.changed_events))"
    ).fetchall()
    has_days = _scalar(connection, "select exists (select from ops.changed_days)")
    changed = changed_models(models, [row[0] for row in types], has_changed_days=has_days)
    return [
        model
        for model in models
        if modes[model.name] == "full" or (model.is_incremental and model.name in changed)
    ]


def _on_server(connection: psycopg.Connection, models: Sequence[Model]) -> list[Model]:
    """Change the fingerprints where samples are in a hypertable: the first build on such a server is a full one."""
    if _scalar(connection, "select to_regclass('intraday.samples') is not null"):
        return [replace(model, fingerprint=model.fingerprint + " with TimescaleDB") for model in models]
    return list(models)


def _modes(connection: psycopg.Connection, models: Sequence[Model]) -> dict[str, str]:
    """Decide how each model is built: in full where it is missing or its logic changed, or that of a model it reads."""
    built: dict[str, str | None] = dict(
        connection.execute("select model, built_fingerprint from ops.models").fetchall()
    )
    existing = set(
        connection.execute(
            "select nspname, relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        ).fetchall()
    )
    is_full_refresh = _prefers_full_refresh(connection, existing)
    modes: dict[str, str] = {}
    for model in models:
        parent_modes = {modes[parent] for parent in model.parents}
        can_stay = (
            not is_full_refresh
            and model.relation in existing
            and built.get(model.name) == model.fingerprint
            and (model.is_incremental or model.is_view or model.is_seed)
            and parent_modes <= {"incremental"}
        )
        modes[model.name] = "incremental" if can_stay else "full"
    return modes


def _prefers_full_refresh(connection: psycopg.Connection, existing: set[tuple[str, str]]) -> bool:
    """Return whether so much changed that to build everything is faster than to build the changes."""
    changed = _scalar(connection, "select count(*) from ops.changed_events")
    if changed < MANY_EVENTS or ("staging", "base_events__current") not in existing:
        return False
    events = _scalar(connection, "select count(*) from staging.base_events__current")
    return bool(changed > LARGE_SHARE * events)


def _write_plan(connection: psycopg.Connection, models: Sequence[Model], build: Build) -> None:
    """Record how each model is built; a model that is built in full has no fingerprint until it is complete."""
    connection.execute("delete from ops.models where model <> all(%s)", [[model.name for model in models]])
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
                "model": model.name,
                "mode": build.modes[model.name],
                "build": build.build_id,
                "fingerprint": model.fingerprint,
            }
            for model in models
        ],
    )


def finish_build(connection: psycopg.Connection, build: Build, marts: Sequence[str]) -> None:
    """Publish what this build changed in these marts and clear it from the queue, in one transaction.

    Raises
    ------
    StorageError
        If a model of the plan was not built: all changes then stay queued.
    """
    # Another build may have started, if the connection that held this one's lock was lost.
    missing = connection.execute(
        "select model from ops.models where model = any(%(selected)s) "
        "and (built_in is distinct from %(build)s or planned_in is distinct from %(build)s) order by model for update",
        {"selected": list(build.selected), "build": build.build_id},
    ).fetchall()
    if missing:
        raise StorageError(
            f"{len(missing)} models were not built, {missing[0][0]} first.",
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
    # Only now: a full build that never finished is a full build again, tested and published as a whole.
    connection.execute(
        "update ops.models set built_fingerprint = fingerprint, mode = null, planned_in = null where planned_in = %s",
        [build.build_id],
    )


def _scalar(connection: psycopg.Connection, query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    return row[0]

"""The read model: the views of the schema `api`, read by the HTTP API and the command line alike.

Every view shows the rows of one person, the one that the transaction names (`restrict_to_person`). A view belongs to a
role that is subject to row level security, so this holds for the pipeline's own role as well
(docs/decisions/0002-row-level-security-through-a-view-owner.md).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

SCHEMA = "api"
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column that orders rows; `null_as` replaces null, which has no position in an order."""

    column: str
    null_as: int | None = None

    @property
    def expression(self) -> sql.Composable:
        """The sort expression in SQL."""
        column = sql.Identifier(self.column)
        if self.null_as is None:
            return column
        return sql.SQL("coalesce({}, {})").format(column, sql.Literal(self.null_as))


@dataclass(frozen=True, slots=True)
class View:
    """A view of the schema `api` and the unique key that orders its rows within one person."""

    name: str
    key: tuple[SortKey, ...]


DAYS = View("days", (SortKey("day"),))
NIGHTS = View("nights", (SortKey("day"),))
ACTIVITIES = View("activities", (SortKey("started_at"), SortKey("activity_id")))
EFFECTS = View("effects", (SortKey("rank"), SortKey("outcome"), SortKey("exposure")))
BASELINES = View("baselines", (SortKey("metric"),))
POPULATION = View(
    "population", (SortKey("outcome"), SortKey("factor"), SortKey("basis"), SortKey("lag_days"))
)
# Trials have no rank and come first; the proposals follow, best first.
TRIALS = View("trials", (SortKey("rank", null_as=0), SortKey("trial_id")))
COVERAGE = View("coverage", (SortKey("day"), SortKey("kind")))


@dataclass(frozen=True, slots=True)
class Filter:
    """A comparison that rows must meet."""

    column: str
    operator: Literal["=", "<=", ">="]
    value: object

    @property
    def condition(self) -> sql.Composed:
        """The comparison in SQL, with a placeholder for the value."""
        return sql.SQL("{} {} %s").format(sql.Identifier(self.column), sql.SQL(self.operator))


def restrict_to_person(connection: psycopg.Connection, user_id: uuid.UUID | None, **settings: str) -> None:
    """Show one person's rows until the transaction ends; with None, no rows.

    Further settings of the transaction cost no further round trip.
    """
    local = {"santorio.user_id": str(user_id or ""), **settings}
    calls = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, true)")] * len(local))
    values = [text for setting in local.items() for text in setting]
    connection.execute(sql.SQL("select {}").format(calls), values)


def select_rows(
    connection: psycopg.Connection,
    view: View,
    columns: Sequence[str] = (),
    filters: Sequence[Filter] = (),
    *,
    after: Sequence[object] | None = None,
    limit: int | None = None,
    descending: bool = False,
) -> list[Row]:
    """Read rows of the transaction's person in the order of the view's key.

    Parameters
    ----------
    columns
        Columns to read; all without any.
    after
        Key of a row: read only what follows it (keyset pagination).
    limit
        Maximum number of rows; unlimited without it.
    """
    conditions: list[sql.Composable] = [item.condition for item in filters]
    values: list[object] = [item.value for item in filters]
    key = sql.SQL(", ").join(part.expression for part in view.key)
    if after is not None:
        comparison = sql.SQL("<" if descending else ">")
        placeholders = sql.SQL(", ").join(sql.Placeholder() * len(after))
        conditions.append(sql.SQL("({}) {} ({})").format(key, comparison, placeholders))
        values += after
    direction = sql.SQL(" desc" if descending else " asc")
    query = sql.SQL("select {} from {} where {} order by {} limit %s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*"),
        sql.Identifier(SCHEMA, view.name),
        sql.SQL(" and ").join(conditions or [sql.SQL("true")]),
        sql.SQL(", ").join(part.expression + direction for part in view.key),
    )
    return connection.cursor(row_factory=dict_row).execute(query, [*values, limit]).fetchall()


def person_rows(
    connection: psycopg.Connection, view: View, user_id: uuid.UUID, filters: Sequence[Filter] = ()
) -> list[Row]:
    """Read all rows of one person, in order, without the person's id; empty before the views are built."""
    exists = connection.execute(
        "select to_regclass(%s) is not null", [f"{SCHEMA}.{view.name}"]
    ).fetchone() == (True,)
    if not exists:
        return []
    restrict_to_person(connection, user_id)
    rows = select_rows(connection, view, filters=filters)
    return [{name: value for name, value in row.items() if name != "user_id"} for row in rows]


def count_data(connection: psycopg.Connection, user_id: uuid.UUID) -> Row:
    """Count a person's days, nights and activities: `days`, `first_day`, `last_day`, `nights`, `activities`."""
    restrict_to_person(connection, user_id)
    query = sql.SQL(
        """
        select (select count(*) from {days} where is_known) as days,
               (select min(day) from {days}) as first_day,
               (select max(day) from {days}) as last_day,
               (select count(*) from {nights}) as nights,
               (select count(*) from {activities}) as activities
        """
    ).format(**{view.name: sql.Identifier(SCHEMA, view.name) for view in (DAYS, NIGHTS, ACTIVITIES)})
    [counts] = connection.cursor(row_factory=dict_row).execute(query).fetchall()
    return counts


def missing_columns(connection: psycopg.Connection, required: dict[str, set[str]]) -> dict[str, list[str]]:
    """Compare views and columns with those that the current role can read.

    Parameters
    ----------
    required
        Columns by view.

    Returns
    -------
    dict
        Missing columns by view; views that lack none are not in it.
    """
    rows = connection.execute(
        """
        select relname, array_agg(attname::text)
        from pg_class
        join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relnamespace = to_regnamespace(%s) and has_table_privilege(pg_class.oid, 'select')
        group by relname
        """,
        [SCHEMA],
    ).fetchall()
    readable: dict[str, list[str]] = dict(rows)
    missing = {view: sorted(columns - set(readable.get(view, ()))) for view, columns in required.items()}
    return {view: columns for view, columns in missing.items() if columns}

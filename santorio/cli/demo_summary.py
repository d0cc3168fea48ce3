"""Results of the newest accepted runs, for the commands about trials."""

import psycopg
from psycopg.rows import dict_row

from santorio.cli.formats import Row
from santorio.cli.formats import format_estimate as interval
from santorio.people import Person

__all__ = ["interval", "published"]


def published(connection: psycopg.Connection, table: str, order: str, person: Person) -> list[Row]:
    """Rows of the newest accepted run of each target."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"""
            select result.* from analysis.{table} result
            where run_id in (
              select distinct on (kind, target) run_id from analysis.runs
              where user_id = %s and status = 'accepted' order by kind, target, created_at desc)
            order by {order}
            """,  # noqa: S608 - both names are literals of this module
            [person.user_id],
        ).fetchall()
